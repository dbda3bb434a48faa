import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { SampleFile } from '../fixtures/sample-files.js';
import type { HttpResponse } from '../support/client/http.js';
import { FileWorld } from '../support/file-world.js';
import type { User } from '../support/users.js';

let world: FileWorld;

beforeAll(async () => {
  world = await FileWorld.start({ FILE_QUOTA_BYTES: '1000' });
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
