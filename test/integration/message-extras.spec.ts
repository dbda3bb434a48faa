import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FetchPage } from '../../src/modules/messages/link-previews/fetch-page.js';
import { LinkPreviewsRepository } from '../../src/modules/messages/link-previews/link-previews.repository.js';
import { MakeLinkPreviews } from '../../src/modules/messages/link-previews/make-link-previews.js';
import { readPage } from '../../src/modules/messages/link-previews/read-page.js';
import { NameResolver } from '../../src/platform/outbound/name-resolver.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { SampleFile } from '../fixtures/sample-files.js';
import type { HttpResponse } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import { testConfig } from '../support/test-app.js';
import type { User } from '../support/users.js';

let world: FileWorld;

beforeAll(async () => {
  world = await FileWorld.start({
    FILE_QUOTA_BYTES: '1000',
    LINK_PREVIEWS: 'true',
    LINK_PREVIEW_ALLOW_PRIVATE_NETWORK: 'true',
  });
});
afterAll(() => world?.stop());

const code = ({ status, body }: HttpResponse) => [status, body.error?.code];

describe('a forwarded message', () => {
  let [ana, bo, cy]: User[] = [];
  /** Of Ana and Bo. */
  let from: string;
  /** Of Bo and Cy. */
  let to: string;

  beforeEach(async () => {
    [ana, bo, cy] = await world.users(3);
    from = await world.group(ana!, [bo!]);
    to = await world.group(bo!, [cy!]);
  });

  const send = async (user: User, conversationId: string, body: object): Promise<HttpResponse['body']> => {
    const sent = await user.call('POST', `/conversations/${conversationId}/messages`, body);
    expect(sent.status).toBe(201);
    return sent.body;
  };
  const forward = (user: User, id: string, targets: string[], more: object = {}) =>
    user.call('POST', `/messages/${id}/forward`, { conversation_ids: targets, ...more });
  const forwarded = async (
    user: User,
    id: string,
    target: string,
    more: object = {},
  ): Promise<HttpResponse['body']> => {
    const { status, body } = await forward(user, id, [target], more);
    expect([status, body.data?.[0].error]).toEqual([201, null]);
    return body.data[0].message;
  };
  const read = async (user: User, id: string): Promise<HttpResponse['body']> =>
    (await user.call('GET', `/messages/${id}`)).body;
  const note = (text: string): SampleFile => ({
    name: 'note.txt',
    type: 'text/plain',
    category: 'document',
    bytes: Buffer.from(text),
  });

  it('shows who wrote what and when, and not where it comes from', async () => {
    const device = await cy!.webSocket();
    const original = await send(ana!, from, { content: 'The plan', metadata: { secret: 1 } });
    const message = await forwarded(bo!, original.id, to, { content: 'Look at this' });
    const expected = {
      sender_id: ana!.userId,
      sender_name: ana!.displayName,
      content: 'The plan',
      created_at: original.created_at,
    };
    expect(message).toMatchObject({ sender_id: bo!.userId, content: 'Look at this', metadata: {} });
    expect(message.forwarded).toEqual(expected);
    expect((await device.first('message.created')).data.message.forwarded).toEqual(expected);
    const shown = await read(cy!, message.id);
    expect(shown.forwarded).toEqual(expected);
    for (const secret of [from, original.id]) expect(JSON.stringify(shown)).not.toContain(secret);
    const log = await cy!.call('GET', `/conversations/${to}/events?after_seq=${message.seq - 1}`);
    expect(log.body.data[0].data.message.forwarded).toEqual(expected);
  });

  it('stays as it was when the original changes, and when its comment is edited', async () => {
    const original = await send(ana!, from, { content: 'first words' });
    const message = await forwarded(bo!, original.id, to);
    await ana!.call('PATCH', `/messages/${original.id}`, { content: 'other words' });
    await ana!.call('DELETE', `/messages/${original.id}`);
    const edited = await bo!.call('PATCH', `/messages/${message.id}`, { content: 'a comment' });
    expect(edited.body).toMatchObject({ content: 'a comment', forwarded: { content: 'first words' } });
    expect((await bo!.call('DELETE', `/messages/${message.id}`)).body).not.toHaveProperty('forwarded');
    expect(
      JSON.stringify(await world.database.query(`select * from messages where id = $1`, [message.id])),
    ).not.toContain('first words');
  });

  it('keeps the first author when it is forwarded again', async () => {
    const original = await send(ana!, from, { content: 'a rumour' });
    const once = await forwarded(bo!, original.id, to, { content: 'Bo says' });
    const twice = await forwarded(cy!, once.id, await world.group(cy!));
    expect(twice).toMatchObject({ content: '', forwarded: { sender_id: ana!.userId, content: 'a rumour' } });
  });

  it('is one message in each conversation however often the request is repeated', async () => {
    const original = await send(ana!, from, { content: 'once' });
    const other = await world.group(bo!);
    const key = { client_message_id: 'k1' };
    const first = await forward(bo!, original.id, [to], key);
    await ana!.call('DELETE', `/messages/${original.id}`);
    const [again, different, more] = [
      await forward(bo!, original.id, [to], key),
      await forward(bo!, original.id, [to], { ...key, content: 'x' }),
      await forward(bo!, original.id, [to, other], key),
    ];
    expect(again.body.data[0].message.id).toBe(first.body.data[0].message.id);
    expect(code(different)).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
    expect(code(more)).toEqual([409, 'MESSAGE_NOT_FORWARDABLE']);
    expect((await cy!.call('GET', `/conversations/${to}/messages`)).body.data).toHaveLength(1);
  });

  it('reaches every conversation in which its sender may write, and names the others', async () => {
    const original = await send(ana!, from, { content: 'to all' });
    const foreign = await world.group(ana!);
    const second = await world.group(bo!);
    const { status, body } = await forward(bo!, original.id, [foreign, to, second]);
    expect(status).toBe(201);
    expect(body.data.map(({ conversation_id: id, error }: HttpResponse['body']) => [id, error?.code ?? null])).toEqual([
      [foreign, 'PERMISSION_DENIED'],
      [to, null],
      [second, null],
    ]);
    expect(code(await forward(bo!, original.id, [foreign]))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await forward(bo!, original.id, []))).toEqual([400, 'VALIDATION_ERROR']);
    expect(
      code(
        await forward(
          bo!,
          original.id,
          Array.from({ length: 11 }, () => crypto.randomUUID()),
        ),
      ),
    ).toEqual([400, 'VALIDATION_ERROR']);
  });

  it('can only be one that its sender sees, that exists, and that a user wrote', async () => {
    const before = await send(ana!, from, { content: 'hidden' });
    const deleted = await send(ana!, from, { content: 'deleted' });
    await ana!.call('DELETE', `/messages/${deleted.id}`);
    expect(code(await forward(cy!, before.id, [to]))).toEqual([403, 'PERMISSION_DENIED']);
    expect(code(await forward(bo!, deleted.id, [to]))).toEqual([409, 'MESSAGE_NOT_FORWARDABLE']);
    await bo!.call('DELETE', `/messages/${before.id}?for=me`);
    expect(code(await forward(bo!, before.id, [to]))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    await bo!.call('POST', `/conversations/${from}/clear`, { up_to_number: 2 });
    expect(code(await forward(bo!, deleted.id, [to]))).toEqual([404, 'MESSAGE_NOT_FOUND']);
    const limited = await send(ana!, from, { content: 'for Bo', visible_to: [bo!.userId] });
    expect(code(await forward(bo!, limited.id, [to]))).toEqual([409, 'MESSAGE_NOT_FORWARDABLE']);
    await ana!.call('PATCH', `/conversations/${from}`, { settings: { system_messages: true } });
    await ana!.call('PATCH', `/conversations/${from}`, { title: 'Another' });
    const { body: page } = await bo!.call('GET', `/conversations/${from}/messages?limit=1`);
    expect(page.data[0].message_type).toBe('system');
    expect(code(await forward(bo!, page.data[0].id, [to]))).toEqual([409, 'MESSAGE_NOT_FORWARDABLE']);
  });

  it('is refused where the conversation it comes from, or goes to, does not allow it', async () => {
    const original = await send(ana!, from, { content: 'see https://parley.example for more than that' });
    const closed = await world.group(bo!, [], { settings: { forwarding: false } });
    expect((await forward(bo!, original.id, [closed])).body.error.details).toEqual({ feature: 'forwarding' });
    const [unlinked, short] = [
      await world.group(bo!, [[ana!, 'participant']], { settings: { links: false } }),
      await world.group(bo!, [], { settings: { message_length_max: 10 } }),
    ];
    expect((await forward(bo!, original.id, [unlinked])).body.error.details).toEqual({ feature: 'links' });
    expect(code(await forward(bo!, original.id, [short]))).toEqual([400, 'CONTENT_TOO_LONG']);
    await ana!.call('PATCH', `/conversations/${from}`, { settings: { forwarding: false } });
    expect((await forward(bo!, original.id, [to])).body.error.details).toEqual({ feature: 'forwarding' });
  });

  it('is found by its text, with the part that matches', async () => {
    const original = await send(ana!, from, { content: 'the marmalade recipe' });
    const message = await forwarded(bo!, original.id, to, { content: 'as promised' });
    const found = async (): Promise<HttpResponse['body'][]> =>
      (await cy!.call('GET', '/search/messages?q=marmalade')).body.data;
    expect((await found()).map(({ id, highlight }) => [id, highlight])).toEqual([[message.id, 'the marmalade recipe']]);
    expect((await cy!.call('GET', '/search/messages?q=promised')).body.data[0].highlight).toBe('as promised');
    await bo!.call('DELETE', `/messages/${message.id}`);
    expect(await found()).toEqual([]);
  });

  it('has the current name of its author, and none of a deleted account', async () => {
    const original = await send(ana!, from, { content: 'mine' });
    const message = await forwarded(bo!, original.id, to);
    await ana!.call('PATCH', '/users/me', { display_name: 'Ana the Second' });
    expect((await read(cy!, message.id)).forwarded.sender_name).toBe('Ana the Second');
    const admin = await world.user({ role: 'admin' });
    const erased = await admin.call('DELETE', `/admin/users/${ana!.userId}`, {
      messages: 'anonymise',
      reason: 'asked',
    });
    expect(erased.status).toBeLessThan(300);
    const { forwarded: snapshot } = await read(cy!, message.id);
    expect(snapshot).toMatchObject({ content: 'mine' });
    expect(snapshot.sender_name).not.toContain('Ana');
    expect(
      JSON.stringify(await world.database.query(`select forwarded from messages where id = $1`, [message.id])),
    ).not.toContain('Ana');
  });

  it('has its own files, which share the stored bytes until the last of them is deleted', async () => {
    const file = await world.ready(ana!, note('shared bytes'));
    const original = await send(ana!, from, { attachment_ids: [file.id] });
    const message = await forwarded(bo!, original.id, to);
    const [copy] = message.attachments;
    expect(copy).toMatchObject({ file_name: 'note.txt', status: 'ready', file_size: 12 });
    expect(copy.id).not.toBe(file.id);
    const download = async (user: User, id: string) => (await world.fetch(user, `/api/v1/files/${id}/content`)).text();
    expect(await download(cy!, copy.id)).toBe('shared bytes');
    expect((await world.fetch(cy!, `/api/v1/files/${file.id}/content`)).status).toBe(404);
    const cleanUp = async () => {
      await world.database.query(`update files set uploaded_at = now() - interval '2 days'`);
      await world.get(ScheduledTasks).run('files', { isDryRun: false });
    };
    await ana!.call('DELETE', `/messages/${original.id}`);
    await cleanUp();
    expect((await ana!.call('GET', `/files/${file.id}`)).status).toBe(404);
    expect(await download(cy!, copy.id)).toBe('shared bytes');
    const again = await forwarded(cy!, message.id, await world.group(cy!));
    await bo!.call('DELETE', `/messages/${message.id}`);
    await cleanUp();
    expect(await download(cy!, again.attachments[0].id)).toBe('shared bytes');
    await cy!.call('DELETE', `/messages/${again.id}`);
    await cleanUp();
    expect(world.filesOnDisk().filter((name) => name.startsWith(file.id))).toEqual([]);
    expect(await world.database.query(`select from files where id = $1 or object_id = $1`, [file.id])).toEqual([]);
  });

  it('counts shared bytes once in the quota of each user who has files with them', async () => {
    const file = await world.ready(ana!, note('x'.repeat(600)));
    const original = await send(ana!, from, { attachment_ids: [file.id] });
    await forwarded(bo!, original.id, to);
    await forwarded(bo!, original.id, from);
    await world.ready(bo!, note('y'.repeat(300)));
    expect(code(await world.upload(bo!, note('z'.repeat(200))))).toEqual([409, 'FILE_QUOTA_EXCEEDED']);
    const large = await world.ready(ana!, note('w'.repeat(300)));
    const second = await send(ana!, from, { attachment_ids: [large.id] });
    expect(code(await forward(bo!, second.id, [to]))).toEqual([409, 'FILE_QUOTA_EXCEEDED']);
  });

  it('leaves no file behind where it is refused', async () => {
    const file = await world.ready(ana!, note('nowhere'));
    const original = await send(ana!, from, { attachment_ids: [file.id] });
    const closed = await world.group(bo!, [], { settings: { uploads: false } });
    expect((await forward(bo!, original.id, [closed])).body.error.details).toEqual({ feature: 'uploads' });
    const copies = `select from files where object_id = $1 and deleted_at is null`;
    expect(await world.database.query(copies, [file.id])).toEqual([]);
  });
});

describe('a message with a location and a contact', () => {
  let [ana, bo]: User[] = [];
  let id: string;

  beforeEach(async () => {
    [ana, bo] = await world.users(2);
    id = await world.group(ana!, [bo!]);
  });

  const send = (body: object) => ana!.call('POST', `/conversations/${id}/messages`, body);
  const location = { latitude: 52.520008, longitude: -13.4, name: 'The fountain', address: 'Main Square 1' };
  const contact = { name: 'Carla Gomez', phone_numbers: ['+49 (30) 901-820'], emails: ['carla@parley.example'] };

  it('has them as fields, not as files, for every reader and in every event', async () => {
    const device = await bo!.webSocket();
    const { status, body } = await send({ location, contact: { ...contact, user_id: bo!.userId } });
    const expected = { content: '', attachments: [], location, contact: { ...contact, user_id: bo!.userId } };
    expect([status, body]).toMatchObject([201, expected]);
    expect((await device.first('message.created')).data.message).toMatchObject(expected);
    expect((await bo!.call('GET', `/messages/${body.id}`)).body).toMatchObject(expected);
    const log = await bo!.call('GET', `/conversations/${id}/events?after_seq=${body.seq - 1}`);
    expect(log.body.data[0].data.message).toMatchObject(expected);
    const list = await bo!.call('GET', '/conversations');
    expect(list.body.data[0].last_message).toMatchObject({ location, contact: { name: 'Carla Gomez' } });
    const edited = await ana!.call('PATCH', `/messages/${body.id}`, { content: 'Here' });
    expect(edited.body).toMatchObject({ ...expected, content: 'Here' });
    const { body: tombstone } = await ana!.call('DELETE', `/messages/${body.id}`);
    for (const name of ['location', 'contact']) expect(tombstone).not.toHaveProperty(name);
    const stored = await world.database.query(`select location, contact from messages where id = $1`, [body.id]);
    expect(stored).toEqual([{ location: null, contact: null }]);
  });

  it('is refused if they are not what they say', async () => {
    const refused: [object, string][] = [
      [{ location: { latitude: 90.1, longitude: 0 } }, 'location.latitude'],
      [{ location: { latitude: 0, longitude: '7' } }, 'location.longitude'],
      [{ location: { latitude: 0 } }, 'location.longitude'],
      [{ location: { ...location, name: 'n'.repeat(201) } }, 'location.name'],
      [{ location: { ...location, altitude: 3 } }, 'location.altitude'],
      [{ contact: { name: '\u200b' } }, 'contact.name'],
      [{ contact: { ...contact, phone_numbers: ['call me'] } }, 'contact.phone_numbers'],
      [{ contact: { ...contact, emails: ['carla'] } }, 'contact.emails'],
      [{ contact: { ...contact, emails: Array.from({ length: 6 }, () => 'a@b.example') } }, 'contact.emails'],
      [{ contact: { ...contact, user_id: 'unknown' } }, 'contact.user_id'],
    ];
    for (const [body, field] of refused) {
      const { status, body: answer } = await send(body);
      expect([status, answer.error?.details.errors[0].field]).toEqual([400, field]);
    }
  });

  it('is found by their names, and by has:location and has:contact, also when it is forwarded', async () => {
    const { body: place } = await send({ location });
    const { body: person } = await send({ contact, content: 'please ask' });
    const other = await world.group(bo!);
    const copy = (await bo!.call('POST', `/messages/${place.id}/forward`, { conversation_ids: [other] })).body.data[0];
    expect(copy.message).toMatchObject({ forwarded: { content: '', location } });
    expect(copy.message).not.toHaveProperty('location');
    const found = async (query: string): Promise<string[]> =>
      (await bo!.call('GET', `/search/messages?q=${encodeURIComponent(query)}`)).body.data.map(
        (hit: { id: string }) => hit.id,
      );
    expect((await found('fountain')).sort()).toEqual([place.id, copy.message.id].sort());
    expect((await found('has:location')).sort()).toEqual([place.id, copy.message.id].sort());
    expect(await found('gomez')).toEqual([person.id]);
    expect(await found('has:contact')).toEqual([person.id]);
  });

  it('passes the rules for texts with all of them', async () => {
    const rule = { kind: 'word', pattern: 'fountain', action: 'mask' };
    expect((await ana!.call('POST', `/conversations/${id}/content-rules`, rule)).status).toBe(201);
    expect((await send({ location })).body.location.name).toBe('The •••');
    await ana!.call('PATCH', `/conversations/${id}`, { settings: { links: false } });
    const linked = await send({ location: { ...location, name: 'https://parley.example/map' } });
    expect(linked.body.error?.details).toEqual({ feature: 'links' });
  });

  it('is sent once with one key', async () => {
    const key = { client_message_id: 'k' };
    const { body } = await send({ location, ...key });
    expect((await send({ location, ...key })).body.id).toBe(body.id);
    expect(code(await send({ location: { ...location, latitude: 1 }, ...key }))).toEqual([422, 'IDEMPOTENCY_CONFLICT']);
  });
});

describe('a link preview', () => {
  type Page = (request: IncomingMessage, response: ServerResponse) => void;
  let [ana, bo]: User[] = [];
  let id: string;
  let site: string;
  const pages = new Map<string, Page>();
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(request.url!);
    const page = pages.get(request.url!);
    if (page) page(request, response);
    else response.writeHead(404).end();
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  beforeEach(async () => {
    [ana, bo] = await world.users(2);
    id = await world.group(ana!, [bo!]);
  });

  const html =
    (text: string, type = 'text/html'): Page =>
    (_request, response) =>
      response.writeHead(200, { 'content-type': type }).end(text);
  const send = async (body: object): Promise<HttpResponse['body']> =>
    (await ana!.call('POST', `/conversations/${id}/messages`, body)).body;
  const read = async (messageId: string): Promise<HttpResponse['body']> =>
    (await bo!.call('GET', `/messages/${messageId}`)).body;
  const make = (messageId: string) => world.get(MakeLinkPreviews).make(messageId);

  it('is added after the send by an event of the server, without a version and the mark of an edit', async () => {
    pages.set(
      '/article',
      html(
        '<title>Plain</title><meta property="og:title" content="The title &amp; more"><meta name=description content="About">' +
          '<meta property="og:site_name" content="The site"><meta property="og:image" content="https://img.example/a.png">',
      ),
    );
    const device = await bo!.webSocket();
    const sent = await send({ content: `Read ${site}/article, now.` });
    expect(sent).not.toHaveProperty('link_previews');
    const event = await device.first('message.updated');
    const expected = {
      is_edited: false,
      updated_at: sent.created_at,
      link_previews: [
        {
          url: `${site}/article`,
          title: 'The title & more',
          description: 'About',
          site_name: 'The site',
          image_url: 'https://img.example/a.png',
        },
      ],
    };
    expect(event).toMatchObject({ actor_id: null, data: { message: expected } });
    expect(await read(sent.id)).toMatchObject(expected);
    expect((await bo!.call('GET', `/messages/${sent.id}/history`)).body.data).toEqual([]);
    visits.length = 0;
    const { id: again } = await send({ content: `${site}/article` });
    await device.first(({ type, data }) => type === 'message.updated' && data.message.id === again);
    expect(visits).toEqual([]);
  });

  it('follows what becomes of the text: an edit, a removal by the sender, a deletion', async () => {
    pages.set('/a', html('<title>A</title>'));
    pages.set('/b', html('<title>B</title>'));
    const device = await bo!.webSocket();
    const titles = ({ link_previews: shown = [] }: HttpResponse['body']): string[] =>
      shown.map(({ title }: { title: string }) => title);
    const { id: messageId } = await send({ content: `${site}/a ${site}/b` });
    expect(titles((await device.first('message.updated')).data.message)).toEqual(['A', 'B']);
    const edited = await ana!.call('PATCH', `/messages/${messageId}`, { content: `only ${site}/b` });
    expect(titles(edited.body)).toEqual(['B']);
    expect(code(await bo!.call('DELETE', `/messages/${messageId}/link-previews`))).toEqual([403, 'PERMISSION_DENIED']);
    expect(titles((await ana!.call('DELETE', `/messages/${messageId}/link-previews`)).body)).toEqual([]);
    await ana!.call('PATCH', `/messages/${messageId}`, { content: `again ${site}/a` });
    await make(messageId);
    expect(titles(await read(messageId))).toEqual([]);
    const { id: deleted } = await send({ content: `${site}/a`, no_preview: true });
    await ana!.call('DELETE', `/messages/${deleted}`);
    await make(deleted);
    expect(await read(deleted)).not.toHaveProperty('link_previews');
  });

  it('is not made if the sender, or the conversation, wants none', async () => {
    pages.set('/unwanted', html('<title>Unwanted</title>'));
    visits.length = 0;
    const { id: refused } = await send({ content: `${site}/unwanted`, no_preview: true });
    await make(refused);
    await ana!.call('PATCH', `/conversations/${id}`, { settings: { link_previews: false } });
    const { id: closed } = await send({ content: `${site}/unwanted` });
    await make(closed);
    expect(visits).toEqual([]);
    for (const messageId of [refused, closed]) expect(await read(messageId)).not.toHaveProperty('link_previews');
  });

  it('is not added where the text no longer has the link when the page has arrived', async () => {
    let respond: (() => void) | undefined;
    const arrived = new Promise<void>((resolve) => {
      pages.set('/slow', (request, response) => {
        respond = () => html('<title>Slow</title>')(request, response);
        resolve();
      });
    });
    const { id: messageId } = await send({ content: 'no link yet' });
    const write = (content: string) =>
      world.database.query(`update messages set content = $2 where id = $1`, [messageId, content]);
    await write(`${site}/slow`);
    const made = make(messageId);
    await arrived;
    await write('no link any more');
    respond!();
    await made;
    expect(await world.get(LinkPreviewsRepository).findPage(`${site}/slow`)).toMatchObject({ title: 'Slow' });
    expect(await read(messageId)).not.toHaveProperty('link_previews');
    await write(`${site}/slow`);
    await make(messageId);
    expect((await read(messageId)).link_previews).toHaveLength(1);
  });

  it('comes only from pages, of bounded size, and over redirects of which each is checked', async () => {
    const { config } = world;
    const fetcher = new FetchPage(config, new NameResolver());
    pages.set('/picture', html('<title>P</title>', 'image/svg+xml'));
    pages.set('/huge', html(`<title>H</title>${'x'.repeat(600_000)}`));
    pages.set('/packed', (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html', 'content-encoding': 'gzip' }).end('x'),
    );
    const redirect =
      (to: string): Page =>
      (_request, response) =>
        response.writeHead(302, { location: to }).end();
    pages.set('/moved', redirect('/huge'));
    pages.set('/loop', redirect('/loop'));
    pages.set('/elsewhere', redirect('file:///etc/passwd'));
    pages.set('/latin', html('<title>caf\u00e9</title>', 'text/html; charset=iso-8859-1'));
    expect((await fetcher.fetch(`${site}/moved`)).html.length).toBe(256 * 1024);
    for (const path of ['/picture', '/packed', '/loop', '/elsewhere', '/none'])
      await expect(fetcher.fetch(site + path)).rejects.toThrow(/^(no_page|address_not_allowed)$/);
    expect((await fetcher.fetch(`${site}/latin`)).html).toContain('cafÃ©');
    visits.length = 0;
    const guarded = new FetchPage(testConfig(world.database.url), new NameResolver());
    for (const target of [`${site}/huge`, 'http://localhost/', 'http://169.254.169.254/', 'http://[::1]/'])
      await expect(guarded.fetch(target)).rejects.toThrow('address_not_allowed');
    expect(visits).toEqual([]);
  });

  it('shows no page that a rule for texts matches', async () => {
    pages.set('/rude', html('<title>forbiddenword</title>'));
    const rule = { kind: 'word', pattern: 'forbiddenword', action: 'mask' };
    expect((await ana!.call('POST', `/conversations/${id}/content-rules`, rule)).status).toBe(201);
    const { id: messageId } = await send({ content: `${site}/rude` });
    await make(messageId);
    expect(await read(messageId)).not.toHaveProperty('link_previews');
  });

  it('is read from the head of a page, without what is not text', () => {
    const read = (text: string) => readPage(text, 'https://parley.example/a/b');
    expect(read('<script>"<title>no</title>"</script><title> A\n title </title><body><title>no</title>')).toEqual({
      title: 'A title',
      description: null,
      site_name: null,
      image_url: null,
    });
    expect(read('<meta property=og:title content=x><meta property=og:image content="../c.png">')?.image_url).toBe(
      'https://parley.example/c.png',
    );
    expect(read('<title>x</title><meta property=og:image content="http://a.example/c.png">')?.image_url).toBeNull();
    expect(read('<title>\u200b</title>')).toBeUndefined();
    expect(read('<body><title>too late</title>')).toBeUndefined();
    expect([...read(`<title>${'\u{1f600}'.repeat(400)}</title>`)!.title]).toHaveLength(300);
  });

  it('is forgotten with its page when the time of the page is over', async () => {
    await world.get(LinkPreviewsRepository).savePage('https://parley.example/old', null, -1);
    expect(await world.get(ScheduledTasks).run('link-previews', { isDryRun: false })).toMatchObject({ expired: 1 });
  });
});
