import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import { FilesRepository } from '../../src/modules/files/files.repository.js';
import { UrlSigner } from '../../src/modules/files/url-signer.js';
import { pdf, picture, type SampleFile } from '../fixtures/sample-files.js';
import type { HttpResponse } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import type { RegisteredUser } from '../support/users.js';

const note: SampleFile = {
  name: 'note.txt',
  type: 'text/plain',
  category: 'document',
  bytes: Buffer.from('0123456789'),
};

describe('a shared file', () => {
  let world: FileWorld;
  let ada: RegisteredUser;
  let bob: RegisteredUser;
  let eve: RegisteredUser;
  let group: string;
  let image: SampleFile;

  beforeAll(async () => {
    world = await FileWorld.start();
    [ada, bob, eve] = [await world.register('ada'), await world.register('bob'), await world.register('eve')];
    group = await world.group(ada, [bob]);
    image = {
      name: 'photo.jpg',
      type: 'image/jpeg',
      category: 'image',
      bytes: await picture(800, 600).jpeg().toBuffer(),
    };
  });
  afterAll(() => world.stop());

  const send = (user: RegisteredUser, ids: string[], more: object = {}, to = group): Promise<HttpResponse> =>
    user.call('POST', `/conversations/${to}/messages`, { content: '', attachment_ids: ids, ...more });

  it('is presented in the message, in order, to all participants and in every view', async () => {
    const socket = await bob.webSocket();
    const [first, second] = [await world.ready(ada, image, { description: 'a field' }), await world.ready(ada, note)];
    const { status, body } = await send(ada, [second.id, first.id]);
    expect([status, body.attachments]).toEqual([201, [second, first]]);
    expect(first).toMatchObject({ description: 'a field', width: 800, height: 600 });
    const heard = await socket.first(({ type, data }) => type === 'message.created' && data.message.id === body.id);
    expect(heard.data.message.attachments).toEqual([second, first]);
    expect((await bob.call('GET', `/messages/${body.id}`)).body.attachments).toEqual([second, first]);
    const page = await bob.call('GET', `/conversations/${group}/messages?limit=1`);
    expect(page.body.data[0].attachments).toEqual([second, first]);
    const log = await bob.call('GET', `/conversations/${group}/events?after_seq=${body.seq - 1}`);
    expect(log.body.data[0].data.message.attachments).toEqual([second, first]);
    const edited = await ada.call('PATCH', `/messages/${body.id}`, { content: 'with words' });
    expect(edited.body.attachments).toEqual([second, first]);
  });

  it('is public while it is the avatar of its uploader, and deleted when it no longer is', async () => {
    const file = await world.ready(ada, image);
    const [id, path] = [file.id as string, `/api/v1/pictures/${file.id as string}`];
    const age = () =>
      world.database.query(`update files set uploaded_at = now() - interval '2 days' where id = $1`, [id]);
    const cleanUp = () => world.get(ScheduledTasks).run('files', { isDryRun: false });
    expect((await world.fetch(undefined, path)).status).toBe(404);
    expect((await bob.call('PATCH', '/users/me', { avatar_url: path })).status).toBe(200);
    expect((await world.fetch(undefined, path)).status).toBe(404);
    expect((await ada.call('PATCH', '/users/me', { avatar_url: path })).body).toMatchObject({ avatar_url: path });
    const shown = await world.fetch(undefined, `${path}?size=medium`);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/webp']);
    expect((await sharp(Buffer.from(await shown.arrayBuffer())).metadata()).width).toBe(800);
    expect((await ada.call('DELETE', `/files/${id}`)).body.error.code).toBe('FILE_ATTACHED');
    await age();
    expect((await world.get(ScheduledTasks).run('files', { isDryRun: true }))!.let_go).toBe(0);
    expect(await world.get(FilesRepository).releaseOrphans(10)).toEqual({ examined: 0, released: 0 });
    expect((await world.fetch(undefined, path)).status).toBe(200);
    await ada.call('PATCH', '/users/me', { avatar_url: null });
    expect((await world.fetch(undefined, path)).status).toBe(404);
    await cleanUp();
    expect((await ada.call('GET', `/files/${id}`)).status).toBe(404);
  });

  it('is public while it is the picture of the conversation for which it was uploaded', async () => {
    const other = await world.group(ada, [bob]);
    const file = await world.ready(ada, image, { conversation_id: group });
    const path = `/api/v1/pictures/${file.id as string}`;
    await ada.call('PATCH', `/conversations/${other}`, { picture: path });
    expect((await world.fetch(undefined, path)).status).toBe(404);
    expect((await ada.call('PATCH', `/conversations/${group}`, { picture: path })).body.picture).toBe(path);
    expect((await world.fetch(undefined, path)).status).toBe(200);
    const bad = await ada.call('PATCH', `/conversations/${group}`, { picture: `${path}/../x` });
    expect(bad.status).toBe(400);
    await ada.call('PATCH', `/conversations/${group}`, { picture: null });
    expect((await world.fetch(undefined, path)).status).toBe(404);
  });

  it('is uploaded once under one key, however often the client repeats the request', async () => {
    const again = (file: SampleFile, key: string): Promise<HttpResponse> =>
      world.upload(ada, file, { description: 'once' }, { 'idempotency-key': key });
    const answers = await Promise.all(Array.from({ length: 4 }, () => again(note, 'the-note')));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id as string)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(3);
    const rows = await world.database.query(`select from files where description = 'once'`);
    expect(rows).toHaveLength(1);
    expect((await again(image, 'the-note')).body.error.code).toBe('IDEMPOTENCY_CONFLICT');
    expect((await again(note, 'another')).body.id).not.toBe(answers[0]!.body.id);
    const refused = { ...note, bytes: Buffer.alloc(0) };
    expect((await again(refused, 'refused')).status).toBe(415);
    expect((await again(note, 'refused')).status).toBe(201);
  });

  it('is presented again by a repeated send, and must be the same in the repetition', async () => {
    const [file, other] = [await world.ready(ada, note), await world.ready(ada, note)];
    const key = { client_message_id: 'with a file' };
    const { body } = await send(ada, [file.id], key);
    expect((await send(ada, [file.id], key)).body).toEqual(body);
    expect((await send(ada, [other.id], key)).body.error.code).toBe('IDEMPOTENCY_CONFLICT');
    expect((await send(ada, [], key)).status).not.toBe(201);
  });

  it('is attached only by its uploader, and only to one message', async () => {
    const file = await world.ready(ada, note);
    expect((await send(bob, [file.id])).body.error.code).toBe('FILE_NOT_FOUND');
    expect((await send(ada, ['01930000-0000-7000-8000-000000000000'])).body.error.code).toBe('FILE_NOT_FOUND');
    expect((await send(ada, [file.id])).status).toBe(201);
    expect((await send(ada, [file.id])).body.error.code).toBe('FILE_NOT_ATTACHABLE');
    expect((await ada.call('DELETE', `/files/${file.id}`)).body.error.code).toBe('FILE_ATTACHED');
  });

  it('is attached only in the conversation it was uploaded for', async () => {
    const elsewhere = await world.group(ada, [eve]);
    const file = await world.ready(ada, note, { conversation_id: group });
    expect((await send(ada, [file.id], {}, elsewhere)).body.error.code).toBe('FILE_NOT_ATTACHABLE');
    expect((await send(ada, [file.id])).status).toBe(201);
  });

  it('cannot be uploaded for a conversation of others', async () => {
    const { status, body } = await world.upload(eve, note, { conversation_id: group });
    expect([status, body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('is attached once by simultaneous sends in several conversations', async () => {
    const groups = await Promise.all([0, 1, 2, 3].map(() => world.group(ada, [bob])));
    for (let cycle = 0; cycle < 5; cycle++) {
      const file = await world.ready(ada, note);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_value, i) => send(ada, [file.id], {}, groups[i % groups.length])),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      const refused = answers.filter(({ status }) => status !== 201).map(({ body }) => body.error.code);
      expect(new Set(refused)).toEqual(new Set(['FILE_NOT_ATTACHABLE']));
      const bound = await world.database.query('select 1 from message_attachments where file_id = $1', [file.id]);
      expect(bound).toHaveLength(1);
    }
  });

  it('is either sent or deleted by simultaneous requests', async () => {
    for (let cycle = 0; cycle < 10; cycle++) {
      const file = await world.ready(ada, note);
      const [sent, deleted] = await Promise.all([send(ada, [file.id]), ada.call('DELETE', `/files/${file.id}`)]);
      expect([sent.status === 201, deleted.status === 204].filter(Boolean)).toHaveLength(1);
      if (sent.status === 201) expect((await world.fetch(bob, file.url)).status).toBe(200);
    }
  });

  it('is visible to current participants only', async () => {
    const file = await world.ready(ada, image);
    const paths = ['', '/content', '/thumbnail'].map((path) => `/api/v1/files/${file.id}${path}`);
    const statuses = async (user: RegisteredUser): Promise<number[]> =>
      Promise.all(paths.map(async (path) => (await world.fetch(user, path)).status));
    expect(await statuses(ada)).toEqual([200, 200, 200]);
    expect(await statuses(bob)).toEqual([404, 404, 404]);
    const conversation = await world.group(ada, [bob]);
    await send(ada, [file.id], {}, conversation);
    expect(await statuses(bob)).toEqual([200, 200, 200]);
    expect(await statuses(eve)).toEqual([404, 404, 404]);
    const { url, thumbnail_url } = await addressOf(bob, file.id);
    expect((await world.fetch(undefined, url)).status).toBe(200);
    await ada.call('DELETE', `/conversations/${conversation}/participants/${bob.id}`);
    expect(await statuses(bob)).toEqual([404, 404, 404]);
    expect((await world.fetch(undefined, url)).status).toBe(404);
    expect((await world.fetch(undefined, thumbnail_url)).status).toBe(404);
  });

  it('is hidden with its message', async () => {
    const file = await world.ready(ada, note);
    const { body } = await send(ada, [file.id]);
    await ada.call('DELETE', `/messages/${body.id}`);
    expect((await world.fetch(bob, file.url)).status).toBe(404);
    expect((await bob.call('GET', `/messages/${body.id}`)).body.attachments).toEqual([]);
  });

  async function addressOf(user: RegisteredUser, id: string): Promise<{ url: string; thumbnail_url: string }> {
    const { body } = await user.call('POST', '/files/addresses', { file_ids: [id] });
    return body.data[0];
  }

  it('has signed URLs that cannot be changed, and that end with the session', async () => {
    const file = await world.ready(ada, image);
    const { body } = await ada.call('POST', '/files/addresses', { file_ids: [file.id] });
    const [{ url, thumbnail_url, expires_at }] = body.data;
    expect(new Date(expires_at).getTime() - Date.now()).toBeLessThanOrEqual(5 * 60_000);
    expect((await world.fetch(undefined, url)).headers.get('content-disposition')).toMatch(/^inline/);
    expect((await world.fetch(undefined, thumbnail_url)).headers.get('content-type')).toBe('image/webp');
    const token = new URL(url, 'http://x').searchParams.get('token')!;
    const bytes = Buffer.from(token, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      const address = `${file.url}?token=${changed.toString('base64url')}`;
      expect([at, (await world.fetch(undefined, address)).status]).toEqual([at, 401]);
    }
    const other = await world.ready(ada, image);
    for (const address of [`${other.url}?token=${token}`, `${file.thumbnail_url}?token=${token}`, file.url]) {
      expect((await world.fetch(undefined, address)).status).toBe(401);
    }
    expect((await eve.call('POST', '/files/addresses', { file_ids: [file.id] })).body.data).toEqual([]);
  });

  it('can be embedded by any site with a signed URL, and by its own site with a credential', async () => {
    const file = await world.ready(ada, image);
    const signed = await addressOf(ada, file.id);
    const policyOf = async (user: RegisteredUser | undefined, url: string): Promise<string | null> =>
      (await world.fetch(user, url)).headers.get('cross-origin-resource-policy');
    expect(await policyOf(undefined, signed.url)).toBe('cross-origin');
    expect(await policyOf(undefined, signed.thumbnail_url)).toBe('cross-origin');
    expect(await policyOf(ada, file.url)).toBe('same-site');
    expect(await policyOf(ada, file.thumbnail_url)).toBe('same-site');
  });

  it('has signed URLs that are refused after the session ended, and after their expiry', async () => {
    const file = await world.ready(ada, note);
    const visitor = await world.register('visitor');
    const [session] = await world.database.query<{ id: string }>('select id from sessions where user_id = $1', [
      visitor.id,
    ]);
    const signer = world.get(UrlSigner);
    const own = await world.ready(visitor, note);
    const address = (id: string, seconds: number): string => {
      const expiresAt = new Date(Date.now() + seconds * 1000);
      const claims = {
        fileId: id,
        userId: visitor.id,
        sessionId: session!.id,
        variant: 'content',
        disposition: undefined,
      } as const;
      return `/api/v1/files/${id}/content?token=${signer.sign({ ...claims, expiresAt })}`;
    };
    expect((await world.fetch(undefined, address(own.id, 60))).status).toBe(200);
    expect((await world.fetch(undefined, address(own.id, -1))).status).toBe(401);
    expect((await world.fetch(undefined, address(file.id, 60))).status).toBe(404);
    const before = address(own.id, 60);
    await visitor.call('POST', '/auth/logout');
    expect((await world.fetch(undefined, before)).status).toBe(404);
  });

  describe('GET /files/:id/content', () => {
    it('returns the whole file, one part, or 304 if the client has it', async () => {
      const file = await world.ready(ada, note);
      const get = async (headers: Record<string, string>): Promise<[number, string, string | null]> => {
        const answer = await world.fetch(ada, file.url, headers);
        return [answer.status, await answer.text(), answer.headers.get('content-range')];
      };
      const etag = `"${createHash('sha256').update(note.bytes).digest('hex').slice(0, 32)}"`;
      expect((await world.fetch(ada, file.url)).headers.get('etag')).toBe(etag);
      expect(await get({ range: 'bytes=2-4' })).toEqual([206, '234', 'bytes 2-4/10']);
      expect(await get({ range: 'bytes=7-' })).toEqual([206, '789', 'bytes 7-9/10']);
      expect(await get({ range: 'bytes=-3' })).toEqual([206, '789', 'bytes 7-9/10']);
      expect(await get({ range: 'bytes=5-999' })).toEqual([206, '56789', 'bytes 5-9/10']);
      for (const range of [
        'bytes=0-1,3-4',
        `bytes=${'0-1,'.repeat(1000)}3-4`,
        'bytes=4-2',
        'lines=1-2',
        'bytes=a-b',
        'bytes=-',
      ]) {
        expect(await get({ range })).toEqual([200, '0123456789', null]);
      }
      for (const range of ['bytes=10-', 'bytes=-0']) {
        expect(await get({ range })).toEqual([416, expect.stringContaining('RANGE_NOT_SATISFIABLE'), 'bytes */10']);
      }
      expect(await get({ range: 'bytes=2-4', 'if-range': etag })).toEqual([206, '234', 'bytes 2-4/10']);
      expect(await get({ range: 'bytes=2-4', 'if-range': '"other"' })).toEqual([200, '0123456789', null]);
      expect(await get({ 'if-none-match': `"x", ${etag}` })).toEqual([304, '', null]);
      expect(await get({ 'if-none-match': '"x"' })).toEqual([200, '0123456789', null]);
    });

    it('returns headers that prevent execution', async () => {
      const document = { name: 'a.pdf', type: 'application/pdf', category: 'document', bytes: pdf() };
      const file = await world.ready(ada, document);
      for (const query of ['', '?disposition=inline', '?disposition=attachment']) {
        const { headers } = await world.fetch(ada, file.url + query);
        expect(headers.get('content-disposition')).toBe(`attachment; filename="a.pdf"; filename*=UTF-8''a.pdf`);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
        expect(headers.get('cross-origin-resource-policy')).toBe('same-site');
        expect(headers.get('cache-control')).toBe('private, no-cache');
      }
      const photo = await world.ready(ada, image);
      const { headers } = await world.fetch(ada, `${photo.url}?disposition=attachment`);
      expect(headers.get('content-disposition')).toMatch(/^attachment/);
    });

    it.each([
      ['../../etc/passwd.txt', 'passwd.txt', 'passwd.txt', 'passwd.txt'],
      ['..\\..\\boot.txt', 'boot.txt', 'boot.txt', 'boot.txt'],
      ['/root/a b.txt', 'a b.txt', 'a b.txt', 'a%20b.txt'],
      ['~/.ssh.txt', 'ssh.txt', 'ssh.txt', 'ssh.txt'],
      ['CON.txt', '_CON.txt', '_CON.txt', '_CON.txt'],
      ['a".txt', 'a_.txt', 'a_.txt', 'a_.txt'],
      ['a\r\nSet-Cookie: b.txt', 'a Set-Cookie_ b.txt', 'a Set-Cookie_ b.txt', 'a%20Set-Cookie_%20b.txt'],
      ["it's; filename=b.txt", "it's_ filename=b.txt", "it's_ filename=b.txt", 'it%27s_%20filename%3Db.txt'],
      ['photo\u202Etxt.txt', 'phototxt.txt', 'phototxt.txt', 'phototxt.txt'],
      ['Grüße 世界.txt', 'Grüße 世界.txt', 'Gr__e __.txt', 'Gr%C3%BC%C3%9Fe%20%E4%B8%96%E7%95%8C.txt'],
      [`${'ä'.repeat(5000)}.txt`, `${'ä'.repeat(98)}.txt`, `${'_'.repeat(98)}.txt`, `${'%C3%A4'.repeat(98)}.txt`],
      ['a.txt.', 'a.txt', 'a.txt', 'a.txt'],
    ])('returns the cleaned name %#', async (name, shown, ascii, escaped) => {
      const file = await world.ready(ada, { ...note, name });
      expect(file.file_name).toBe(shown);
      const { headers } = await world.fetch(ada, file.url);
      expect(headers.get('content-disposition')).toBe(`attachment; filename="${ascii}"; filename*=UTF-8''${escaped}`);
      expect(headers.get('set-cookie')).toBeNull();
    });
  });

  it('is an image without metadata, rotated, with nothing behind it', async () => {
    const secret = 'taken at 48.8583 N';
    const bytes = await picture(60, 40)
      .withExif({ IFD0: { Copyright: secret }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '48/1 51/1 30/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const file = await world.ready(ada, {
      ...image,
      bytes: Buffer.concat([bytes, Buffer.from('PK\x03\x04 behind it')]),
    });
    expect(file).toMatchObject({ status: 'ready', width: 40, height: 60 });
    const served = Buffer.from(await (await world.fetch(ada, file.url)).arrayBuffer());
    for (const hidden of [secret, 'Exif', 'behind it']) expect(served.includes(hidden)).toBe(false);
    expect(await sharp(served).metadata()).toMatchObject({ width: 40, height: 60 });
    expect((await sharp(served).metadata()).exif).toBeUndefined();
    await world.storesOnly(file.id, [`${file.id}.image`, `${file.id}.thumbnail`]);
  });

  it('remains animated if it is an animated image', async () => {
    const raw = Buffer.alloc(20 * 20 * 3 * 4);
    for (let i = 0; i < raw.length; i++) raw[i] = (i >> 4) % 256;
    const bytes = await sharp(raw, { raw: { width: 20, height: 80, channels: 3, pageHeight: 20 } })
      .gif()
      .toBuffer();
    const file = await world.ready(ada, { ...image, name: 'a.gif', type: 'image/gif', bytes });
    expect(file).toMatchObject({ width: 20, height: 20 });
    const served = Buffer.from(await (await world.fetch(ada, file.url)).arrayBuffer());
    expect((await sharp(served).metadata()).pages).toBe((await sharp(bytes).metadata()).pages);
  });

  it('is limited by number a minute', async () => {
    const strict = await FileWorld.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_UPLOAD: '2' });
    try {
      const user = await strict.register('ida');
      const answers = [];
      for (let i = 0; i < 3; i++) answers.push(await strict.upload(user, note));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 429]);
      expect(answers[2]!.body.error.code).toBe('RATE_LIMIT_EXCEEDED');
      expect(Number(answers[2]!.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await strict.stop();
    }
  });

  it('is limited by a quota that is higher for moderators and admins', async () => {
    const small = await FileWorld.start({
      FILE_QUOTA_COUNT: '1',
      FILE_QUOTA_COUNT_MODERATOR: '2',
      FILE_QUOTA_COUNT_ADMIN: '3',
    });
    try {
      for (const [role, most] of [
        ['user', 1],
        ['moderator', 2],
        ['admin', 3],
      ] as const) {
        const user = await small.register(`ida-${most}`);
        await small.database.query('update users set role = $2 where id = $1', [user.id, role]);
        const answers = [];
        for (let i = 0; i < 4; i++) answers.push((await small.upload(user, note)).status);
        expect([role, answers.filter((status) => status === 201).length]).toEqual([role, most]);
      }
    } finally {
      await small.stop();
    }
  });

  it('counts against the quota of its uploader', async () => {
    const small = await FileWorld.start({ FILE_QUOTA_COUNT: '3', FILE_QUOTA_BYTES: '25' });
    try {
      const user = await small.register('ida');
      const answers = await Promise.all([1, 2, 3, 4, 5].map(() => small.upload(user, note)));
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(2);
      const refused = answers.find(({ status }) => status !== 201)!;
      expect([refused.status, refused.body.error.code]).toEqual([409, 'FILE_QUOTA_EXCEEDED']);
      const kept = answers.find(({ status }) => status === 201)!.body.id;
      await small.scanned(user, kept);
      expect((await user.call('DELETE', `/files/${kept}`)).status).toBe(204);
      expect((await small.upload(user, note)).status).toBe(201);
    } finally {
      await small.stop();
    }
  });
});
