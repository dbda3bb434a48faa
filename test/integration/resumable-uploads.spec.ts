import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Upload } from 'tus-js-client';
import { FilesCleanupTask } from '../../src/modules/files/files-cleanup-task.js';
import { FileStorage } from '../../src/modules/files/storage/file-storage.js';
import { UploadsInProgress } from '../../src/modules/files/uploads-in-progress.js';
import { ServiceUnavailable } from '../../src/platform/errors/app-error.js';
import { isoMedia } from '../fixtures/sample-files.js';
import { type HttpResponse, request } from '../support/client/http.js';
import { RawConnection } from '../support/client/raw.js';
import { FileWorld } from '../support/file-world.js';
import type { User } from '../support/users.js';

const MIB = 1024 * 1024;
const TYPE = 'application/offset+octet-stream';
const ORIGIN = 'https://chat.example.com';

/** A video of this size with random bytes. */
function film(size: number): Buffer {
  const start = isoMedia('isom', 'vide');
  const header = Buffer.alloc(8);
  header.writeUInt32BE(size - start.length);
  header.write('mdat', 4, 'latin1');
  return Buffer.concat([start, header, randomBytes(size - start.length - 8)]);
}

describe('a resumable upload', () => {
  let folder: string;
  let world: FileWorld;
  let ada: User;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-resumable-'));
    world = await FileWorld.start({
      FILES_DIR: folder,
      FILE_QUOTA_BYTES: String(200 * MIB),
      ALLOWED_ORIGINS: ORIGIN,
    });
    ada = await world.user();
  });
  afterAll(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function call(
    method: string,
    path: string,
    {
      user = ada,
      headers = {},
      body,
    }: { user?: User; headers?: Record<string, string>; body?: Uint8Array | string } = {},
  ): Promise<HttpResponse> {
    const all = { 'tus-resumable': '1.0.0', ...headers };
    return request(method, user.url + path, { token: user.token, headers: all, body });
  }
  const metadata = (fields: Record<string, string>): string =>
    Object.entries(fields)
      .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
      .join(',');
  const announce = (
    length: number,
    fields: Record<string, string> = { filename: 'a.mp4' },
  ): Record<string, string> => ({
    'upload-length': String(length),
    'upload-metadata': metadata(fields),
  });
  /** Begins an upload and returns its path. */
  async function begin(length: number, fields?: Record<string, string>, user = ada): Promise<string> {
    const { status, headers, body } = await call('POST', '/api/v1/uploads', {
      user,
      headers: announce(length, fields),
    });
    expect([status, body?.error]).toEqual([201, undefined]);
    return headers.get('location')!;
  }
  const append = (path: string, offset: number, body: Uint8Array | string, user = ada): Promise<HttpResponse> =>
    call('PATCH', path, { user, body, headers: { 'content-type': TYPE, 'upload-offset': String(offset) } });
  async function offsetOf(path: string, user = ada): Promise<number> {
    const { headers } = await call('HEAD', path, { user });
    return Number(headers.get('upload-offset'));
  }
  /** Waits until so many bytes are stored. */
  async function stores(path: string, bytes: number): Promise<void> {
    while ((await offsetOf(path)) < bytes) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  async function noneInProgress(): Promise<void> {
    while (world.get(UploadsInProgress).total > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  /** A PATCH that announces all bytes from the offset on, and sends only these. */
  function appendPartOf(
    path: string,
    bytes: Buffer,
    { from = 0, to }: { from?: number; to: number },
    at = ada,
  ): RawConnection {
    const connection = new RawConnection(
      at.url,
      `PATCH ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ada.token}\r\nTus-Resumable: 1.0.0\r\n` +
        `Content-Type: ${TYPE}\r\nUpload-Offset: ${from}\r\nContent-Length: ${bytes.length - from}\r\n\r\n`,
    );
    connection.socket.write(bytes.subarray(from, to));
    return connection;
  }
  async function contentOf(id: string): Promise<Buffer> {
    const file = await world.scanned(ada, id);
    expect(file.status).toBe('ready');
    return Buffer.from(await (await world.fetch(ada, file.url)).arrayBuffer());
  }
  const pieces = (): string[] => world.storedFiles().filter((name) => name.endsWith('.piece'));

  it('continues after a lost connection, and becomes a file with the same bytes', async () => {
    const bytes = film(9 * MIB);
    const path = await begin(bytes.length);
    const cut = appendPartOf(path, bytes, { to: 6 * MIB });
    await stores(path, 4 * MIB);
    cut.socket.end();
    await noneInProgress();
    const offset = await offsetOf(path);
    expect(offset).toBeGreaterThan(5 * MIB); // the piece of 4 MiB, and what arrived of the next one
    const last = await append(path, offset, bytes.subarray(offset));
    expect([last.status, last.headers.get('upload-offset')]).toEqual([204, String(bytes.length)]);
    const id = last.headers.get('x-file-id')!;
    expect((await contentOf(id)).equals(bytes)).toBe(true);
    const { body, headers } = await call('GET', path);
    expect(body).toMatchObject({ offset: bytes.length, length: bytes.length, file_id: id, file_name: 'a.mp4' });
    expect(headers.get('x-file-id')).toBe(id);
    expect(pieces()).toEqual([]);
  });

  it('continues at another node after its server has stopped', async () => {
    const { JWT_SECRET, DATABASE_URL } = { JWT_SECRET: world.config.jwtSecret, DATABASE_URL: world.database.url };
    const node = await FileWorld.start({ JWT_SECRET, DATABASE_URL, FILES_DIR: folder });
    const bytes = film(9 * MIB);
    const path = await begin(bytes.length);
    const cut = appendPartOf(path, bytes, { to: 6 * MIB }, ada.at(node));
    await stores(path, 4 * MIB);
    await node.stop();
    await cut.closed();
    const offset = await offsetOf(path);
    const last = await append(path, offset, bytes.subarray(offset));
    expect((await contentOf(last.headers.get('x-file-id')!)).equals(bytes)).toBe(true);
  });

  it('is taken over by a later request, and the earlier one is refused', async () => {
    const bytes = film(9 * MIB);
    const path = await begin(bytes.length);
    const earlier = appendPartOf(path, bytes, { to: 5 * MIB });
    await stores(path, 4 * MIB);
    const answer = earlier.readAll();
    const later = await append(path, await offsetOf(path), bytes.subarray(await offsetOf(path)));
    expect(await answer).toMatch(/^HTTP\/1\.1 423 [^]*"UPLOAD_TAKEN_OVER"/);
    expect((await contentOf(later.headers.get('x-file-id')!)).equals(bytes)).toBe(true);
  });

  it('has the bytes of one request when several continue it at once', async () => {
    const texts = Array.from({ length: 5 }, (_value, i) => String(i).repeat(40_000));
    const path = await begin(80_000, { filename: 'a.txt' });
    await noneInProgress(); // five are the limit of an account
    const answers = await Promise.all(texts.map((text) => append(path, 0, text)));
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![204, 409, 423].includes(status))).toEqual([]);
    expect(await offsetOf(path)).toBe(40_000);
    const last = await append(path, 40_000, 'x'.repeat(40_000));
    const text = (await contentOf(last.headers.get('x-file-id')!)).toString();
    expect(texts.map((one) => one + 'x'.repeat(40_000))).toContain(text);
  });

  it('is refused at another offset than the stored bytes', async () => {
    const path = await begin(10, { filename: 'a.txt' });
    await append(path, 0, '01234');
    for (const offset of [0, 4, 6]) {
      const { status, headers, body } = await append(path, offset, '56789');
      expect([status, body.error.code, body.error.details]).toEqual([409, 'UPLOAD_OFFSET_MISMATCH', { offset: 5 }]);
      expect(headers.get('upload-offset')).toBe('5');
    }
    const last = await append(path, 5, '56789');
    expect((await contentOf(last.headers.get('x-file-id')!)).toString()).toBe('0123456789');
  });

  it('does not exist for other users', async () => {
    const other = await world.user();
    const path = await begin(5, { filename: 'a.txt' });
    const answers = [
      await call('GET', path, { user: other }),
      await append(path, 0, 'hello', other),
      await call('DELETE', path, { user: other }),
    ];
    expect(answers.map(({ status, body }) => [status, body.error.code])).toEqual(
      Array.from({ length: 3 }, () => [404, 'UPLOAD_NOT_FOUND']),
    );
    expect((await append(path, 0, 'hello')).status).toBe(204);
    const fields = { filename: 'a.txt', conversation_id: await world.group(other) };
    const { body } = await call('POST', '/api/v1/uploads', { headers: announce(5, fields) });
    expect(body.error.code).toBe('PERMISSION_DENIED');
  });

  it('is one request if it has all bytes, and returns the file', async () => {
    const conversation = await world.group(ada);
    const fields = {
      filename: 'Grüße.txt',
      filetype: 'text/plain',
      conversation_id: conversation,
      description: 'hello',
    };
    const { status, headers, body } = await call('POST', '/api/v1/uploads', {
      headers: { ...announce(5, fields), 'content-type': TYPE },
      body: 'hello',
    });
    expect([status, body.offset]).toEqual([201, 5]);
    const file = await world.scanned(ada, headers.get('x-file-id')!);
    expect(file).toMatchObject({ file_name: 'Grüße.txt', file_type: 'text/plain', description: 'hello', file_size: 5 });
    const sent = await ada.call('POST', `/conversations/${conversation}/messages`, { attachment_ids: [file.id] });
    expect(sent.status).toBe(201);
  });

  it('counts only what is stored, its last piece only with the file, and becomes one file', async () => {
    const storage = world.get(FileStorage);
    const put = storage.put.bind(storage);
    let broken = '.piece';
    jest.spyOn(storage, 'put').mockImplementation((key, path, type) => {
      return key.endsWith(broken) ? Promise.reject(new ServiceUnavailable()) : put(key, path, type);
    });
    const path = await begin(10, { filename: 'once.txt' });
    expect((await append(path, 0, '01234')).status).toBe(503);
    expect(await offsetOf(path)).toBe(0);
    broken = '.upload';
    await append(path, 0, '01234');
    expect((await append(path, 5, '56789')).status).toBe(503);
    jest.restoreAllMocks();
    const { headers, body } = await call('GET', path);
    expect([body.offset, headers.get('x-file-id')]).toEqual([5, null]);
    const last = await append(path, 5, '56789');
    const files = await world.database.query<{ id: string }>(`select id from files where name = 'once.txt'`);
    expect(files).toEqual([{ id: last.headers.get('x-file-id') }]);
  });

  it('reserves its size in the quota from the beginning until it ends or expires', async () => {
    const user = await world.user();
    const big = 45 * MIB;
    const paths = [];
    for (let i = 0; i < 4; i++) paths.push(await begin(big, undefined, user));
    const refused = await call('POST', '/api/v1/uploads', { user, headers: announce(big) });
    expect([refused.status, refused.body.error.code]).toEqual([409, 'FILE_QUOTA_EXCEEDED']);
    const form = await world.upload(user, { name: 'a.mp4', bytes: film(21 * MIB) });
    expect([form.status, form.body.error.code]).toEqual([409, 'FILE_QUOTA_EXCEEDED']);
    expect((await call('DELETE', paths.pop()!, { user })).status).toBe(204);
    paths.push(await begin(big, undefined, user));
    await append(paths[0]!, 0, 'abc', user);
    await world.database.query(
      `update resumable_uploads set expires_at = now() - interval '1 second' where uploader_id = $1`,
      [user.id],
    );
    expect((await call('HEAD', paths[0]!, { user })).status).toBe(404);
    expect((await append(paths[0]!, 3, 'def', user)).status).toBe(404);
    expect((await world.get(FilesCleanupTask).run({ isDryRun: true })).expired).toBe(4);
    expect((await world.get(FilesCleanupTask).run({ isDryRun: false })).expired).toBe(4);
    expect(pieces()).toHaveLength(1);
    await world.database.query(
      `update resumable_uploads set deleted_at = now() - interval '2 hours' where uploader_id = $1`,
      [user.id],
    );
    await world.get(FilesCleanupTask).run({ isDryRun: false });
    expect(pieces()).toEqual([]);
    await begin(big, undefined, user);
  });

  it('ends when its file is refused, and leaves nothing', async () => {
    const user = await world.user();
    const path = await begin(5, { filename: 'a.pdf' }, user);
    const { status, body } = await append(path, 0, 'hello', user);
    expect([status, body.error.code]).toEqual([415, 'INVALID_FILE_TYPE']);
    expect((await call('HEAD', path, { user })).status).toBe(404);
    const open = `select from resumable_uploads where uploader_id = $1 and deleted_at is null`;
    const left = await world.database.query(open, [user.id]);
    expect(left).toEqual([]);
  });

  it.each<[what: string, headers: Record<string, string>, status: number, code: string]>([
    ['without the version', { ...announce(5), 'tus-resumable': '0.2.2' }, 412, 'TUS_VERSION_NOT_SUPPORTED'],
    ['of a type that is not accepted', announce(5, { filename: 'a.exe' }), 415, 'INVALID_FILE_TYPE'],
    ['that is too large for its type', announce(11 * MIB, { filename: 'a.png' }), 413, 'FILE_TOO_LARGE'],
    ['without a length', { 'upload-metadata': metadata({ filename: 'a.txt' }) }, 400, 'VALIDATION_ERROR'],
    ['of no bytes', announce(0), 400, 'VALIDATION_ERROR'],
    ['without a name', announce(5, {}), 400, 'VALIDATION_ERROR'],
    ['with metadata that is not base64', { ...announce(5), 'upload-metadata': 'filename !' }, 400, 'VALIDATION_ERROR'],
  ])('is refused at its beginning %s', async (_what, headers, status, code) => {
    const answer = await call('POST', '/api/v1/uploads', { headers });
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
  });

  it('accepts neither more bytes than announced nor another type of body', async () => {
    const path = await begin(5, { filename: 'a.txt' });
    expect((await append(path, 0, 'hello!')).status).toBe(400);
    const headers = { 'content-type': 'application/octet-stream', 'upload-offset': '0' };
    expect((await call('PATCH', path, { headers, body: 'hello' })).status).toBe(415);
    expect(await offsetOf(path)).toBe(0);
  });

  it('is described to clients and to pages of allowed origins', async () => {
    const { status, headers } = await request('OPTIONS', `${world.url}/api/v1/uploads`);
    expect(status).toBe(204);
    expect(headers.get('tus-version')).toBe('1.0.0');
    expect(headers.get('tus-extension')).toBe('creation,creation-with-upload,expiration,termination');
    const preflight = await request('OPTIONS', `${world.url}/api/v1/uploads`, {
      headers: { origin: ORIGIN, 'access-control-request-method': 'PATCH' },
    });
    expect(preflight.headers.get('access-control-allow-headers')).toMatch(/Tus-Resumable.*Upload-Offset/);
    expect(preflight.headers.get('access-control-expose-headers')).toMatch(/Location.*Upload-Offset.*X-File-Id/);
  });

  it('is completed by tus-js-client when the connection is lost twice', async () => {
    const bytes = film(12 * MIB);
    let cuts = 0;
    const proxy = createServer((client) => {
      const server = connect(Number(new URL(world.url).port), '127.0.0.1');
      let passed = 0;
      client.on('error', () => undefined).on('close', () => server.end());
      server.on('error', () => undefined).on('close', () => client.destroy());
      client.on('data', (chunk: Buffer) => {
        passed += chunk.length;
        server.write(chunk);
        if (passed > 5 * MIB && cuts < 2) {
          cuts += 1;
          client.destroy();
        }
      });
      server.pipe(client);
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const upload = await new Promise<Upload>((resolve, reject) => {
      const started: Upload = new Upload(bytes, {
        endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/api/v1/uploads`,
        headers: { Authorization: `Bearer ${ada.token}` },
        metadata: { filename: 'film.mp4', filetype: 'video/mp4' },
        retryDelays: [0, 20, 50, 100, 200, 400],
        onError: reject,
        onSuccess: () => resolve(started),
      });
      started.start();
    });
    expect(cuts).toBe(2);
    const { body } = await call('GET', new URL(upload.url!).pathname);
    expect((await contentOf(body.file_id as string)).equals(bytes)).toBe(true);
    proxy.close();
  });
});
