import { randomBytes, randomUUID } from 'node:crypto';
import { FilesCleanupTask } from '../../src/modules/files/files-cleanup-task.js';
import { isoMedia, picture, type SampleFile } from '../fixtures/sample-files.js';
import { request, send } from '../support/client/http.js';
import { FakeS3 } from '../support/doubles/fake-s3.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const note: SampleFile = {
  name: 'Grüße.txt',
  type: 'text/plain',
  category: 'document',
  bytes: Buffer.from('0123456789'),
};

function film(size: number): SampleFile {
  const bytes = isoMedia('isom', 'vide');
  const header = Buffer.alloc(8);
  header.writeUInt32BE(size);
  header.write('mdat', 4, 'latin1');
  return {
    name: 'a.mp4',
    type: 'video/mp4',
    category: 'video',
    bytes: Buffer.concat([bytes, header, randomBytes(size - 8)]),
  };
}

describe.each(['redirect', 'proxy'])('an S3-compatible file store with downloads by %s', (downloads) => {
  let store: FakeS3;
  let world: FileWorld;
  let ada: RegisteredUser;

  beforeAll(async () => {
    store = await FakeS3.start();
    world = await FileWorld.start({ ...store.environment, S3_DOWNLOADS: downloads });
    ada = await world.register('ada');
  });
  afterAll(async () => {
    await world.stop();
    await store.stop();
  });

  const isRedirected = downloads === 'redirect';

  /** Downloads with or without a redirect. */
  async function download(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ response: Response; bytes: Buffer }> {
    let response = await world.fetch(ada, path, headers);
    expect(response.status === 302).toBe(isRedirected);
    if (isRedirected) response = await send('GET', response.headers.get('location')!, { headers });
    return { response, bytes: Buffer.from(await response.arrayBuffer()) };
  }

  it('returns files unchanged, with their type and name', async () => {
    const file = await world.ready(ada, note);
    const { response, bytes } = await download(file.url);
    expect([response.status, bytes.toString()]).toEqual([200, '0123456789']);
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="Gr__e.txt"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt`,
    );
    const part = await download(file.url, { range: 'bytes=2-4' });
    expect([part.response.status, part.bytes.toString()]).toEqual([206, '234']);
    expect(world.filesOnDisk()).toEqual([]);
  });

  it('receives large files in parts', async () => {
    const sample = film(12 * 1024 * 1024);
    const before = store.requests.length;
    const file = await world.ready(ada, sample);
    expect(file.status).toBe('ready');
    const puts = store.requests.slice(before).filter((request) => request.startsWith('PUT'));
    expect(puts).toHaveLength(3);
    expect((await download(file.url)).bytes.equals(sample.bytes)).toBe(true);
    expect(store.uploads.size).toBe(0);
    expect(world.filesOnDisk()).toEqual([]);
  });

  it('stores the pieces of a resumable upload until it is complete', async () => {
    const { bytes } = film(9 * 1024 * 1024);
    const headers = { 'tus-resumable': '1.0.0', 'content-type': 'application/offset+octet-stream' };
    const metadata = `filename ${Buffer.from('a.mp4').toString('base64')}`;
    const begun = await request('POST', `${world.url}/api/v1/uploads`, {
      token: ada.token,
      headers: { ...headers, 'upload-length': String(bytes.length), 'upload-metadata': metadata },
      body: bytes.subarray(0, 100_000),
    });
    const pieces = (): string[] => [...store.objects.keys()].filter((key) => key.endsWith('.piece'));
    expect([begun.status, pieces().length]).toEqual([201, 1]);
    const last = await request('PATCH', world.url + begun.headers.get('location')!, {
      token: ada.token,
      headers: { ...headers, 'upload-offset': '100000' },
      body: bytes.subarray(100_000),
    });
    const file = await world.scanned(ada, last.headers.get('x-file-id')!);
    expect((await download(file.url)).bytes.equals(bytes)).toBe(true);
    expect([pieces(), world.filesOnDisk()]).toEqual([[], []]);
  });

  it('contains images reencoded, with a thumbnail, and without the original', async () => {
    const bytes = await picture().png().toBuffer();
    const file = await world.ready(ada, { name: 'a.png', type: 'image/png', category: 'image', bytes });
    // The file is ready a moment before its original is deleted.
    while (store.objects.has(`${file.id}.upload`)) await new Promise((resolve) => setImmediate(resolve));
    expect([...store.objects.keys()].filter((key) => key.startsWith(file.id)).sort()).toEqual([
      `${file.id}.image`,
      `${file.id}.thumbnail`,
    ]);
    const { response } = await download(file.thumbnail_url);
    expect(response.headers.get('content-type')).toBe('image/webp');
  });

  it('deletes files', async () => {
    const file = await world.ready(ada, note);
    expect((await ada.call('DELETE', `/files/${file.id}`)).status).toBe(204);
    expect([...store.objects.keys()].filter((key) => key.startsWith(file.id))).toEqual([]);
  });

  it('rejects changed signed URLs', async () => {
    if (!isRedirected) return;
    const [file, other] = [await world.ready(ada, note), await world.ready(ada, note)];
    const address = (await world.fetch(ada, file.url)).headers.get('location')!;
    expect(new URL(address).searchParams.get('X-Amz-Expires')).toBe('60');
    for (const changed of [address.replace(file.id, other.id), address.replace('Expires=60', 'Expires=6000')]) {
      expect((await request('GET', changed)).status).toBe(403);
    }
  });

  it('ends interrupted multipart uploads after a day, and leaves foreign ones', async () => {
    const key = (): string => `${randomUUID()}.upload`;
    const [yesterday, now] = [new Date(Date.now() - 25 * 3_600_000), new Date(Date.now() - 3_600_000)];
    for (let i = 0; i < 5; i++) store.addIncompleteUpload(key(), yesterday);
    const left = [store.addIncompleteUpload(key(), now), store.addIncompleteUpload('backups/tuesday.tar', yesterday)];
    store.addIncompleteUpload(key(), yesterday);
    const cleanup = world.get(FilesCleanupTask);
    expect((await cleanup.run({ isDryRun: true })).broken).toBe(6);
    expect(store.uploads.size).toBe(8);
    expect((await cleanup.run({ isDryRun: false })).broken).toBe(6);
    expect([...store.uploads.keys()]).toEqual(left);
    store.uploads.clear();
  });

  it('rejects uploads and keeps nothing of them while it is unavailable', async () => {
    store.isBroken = true;
    const { status, body } = await world.upload(ada, note);
    store.isBroken = false;
    expect([status, body.error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(await world.database.query(`select 1 from files where status = 'pending'`)).toEqual([]);
    expect((await world.ready(ada, note)).status).toBe('ready');
  });
});
