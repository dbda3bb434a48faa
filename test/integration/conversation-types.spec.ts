import { ReceiptsRepository } from '../../src/modules/participants/receipts.repository.js';
import { WebhookPayloads } from '../../src/modules/webhooks/webhook-payloads.js';
import type { OutboxEvent } from '../../src/platform/event-log/outbox.repository.js';
import { ApiClient } from '../support/client/api-client.js';
import { request } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** A REST response; the tests access it freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Body = any;

describe('a conversation type', () => {
  let world: World;
  let admin: User;

  beforeAll(async () => {
    world = await World.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world.stop());

  const codeOf = ({ status, body }: { status: number; body: Body }): string => `${status} ${body.error?.code}`;
  const featureOf = ({ body }: { body: Body }): string => body.error?.details?.feature;

  let types = 0;
  /** A conversation type of groups with these settings. */
  const groupType = async (settings: object): Promise<string> => {
    const name = `type-${++types}`;
    const created = await admin.call('POST', '/admin/conversation-types', { name, type: 'group', settings });
    expect(created.status).toBe(201);
    return name;
  };
  const groupOf = async (settings: object, [owner, ...others]: User[]): Promise<string> =>
    world.group(owner!, others, { type_name: await groupType(settings) });
  const send = (user: User, id: string, body: object) => user.call('POST', `/conversations/${id}/messages`, body);

  it('exists for direct, group, room and broadcast from the start', async () => {
    const { body } = await admin.call('GET', '/admin/conversation-types');
    const shipped = body.data.filter(({ name }: { name: string }) => !name.startsWith('type-'));
    expect(shipped.map(({ name, type }: { name: string; type: string }) => [name, type])).toEqual([
      ['broadcast', 'room'],
      ['direct', 'direct'],
      ['group', 'group'],
      ['room', 'room'],
    ]);
  });

  it('refuses a switched off feature with one error that names it', async () => {
    const [owner, member] = await world.users(2);
    const off = ['typing', 'reactions', 'threads', 'polls', 'uploads', 'links', 'mention_all'];
    const id = await groupOf(Object.fromEntries(off.map((name) => [name, false])), [owner!, member!]);
    const first = (await send(owner!, id, { content: 'first' })).body;
    const refusals = {
      typing: await member!.call('POST', `/conversations/${id}/typing`),
      reactions: await member!.call('PUT', `/messages/${first.id}/reactions/${encodeURIComponent('👍')}`),
      threads: await send(member!, id, { content: 'in', reply_to_id: first.id, show_in_conversation: false }),
      polls: await send(member!, id, { poll: { question: 'Which?', options: ['a', 'b'] } }),
      links: await send(owner!, id, { content: 'see example.com/a' }),
      mention_all: await send(owner!, id, { content: 'all', mentions: { all: true } }),
      uploads: await send(owner!, id, { content: 'with', attachment_ids: [first.id] }),
      links_by_edit: await owner!.call('PATCH', `/messages/${first.id}`, { content: 'https://a.example' }),
    };
    for (const [name, refusal] of Object.entries(refusals)) {
      expect(`${name}: ${codeOf(refusal)}`).toBe(`${name}: 403 FEATURE_DISABLED`);
      expect(featureOf(refusal)).toBe(name.replace('_by_edit', ''));
    }
    const form = new FormData();
    form.set('conversation_id', id);
    form.set('file', new Blob(['text'], { type: 'text/plain' }), 'text.txt');
    const upload = await request('POST', `${world.url}/api/v1/files`, { token: owner!.token, body: form });
    expect([upload.status, featureOf(upload)]).toEqual([403, 'uploads']);
    expect((await send(owner!, id, { content: 'e.g. 3.5, no link' })).status).toBe(201);
  });

  it('lets a conversation narrow it, and not exceed it', async () => {
    const owner = await world.user();
    const id = await groupOf({ polls: false, pin_role: 'admin', slow_mode_seconds: 10, message_length_max: 100 }, [
      owner,
    ]);
    const patch = (settings: object) => owner.call('PATCH', `/conversations/${id}`, { settings });
    const wider = {
      polls: true,
      pin_role: 'participant',
      slow_mode_seconds: 5,
      message_length_max: 101,
      reactions: true,
    };
    const fields = (await patch(wider)).body.error.details.errors.map(({ field }: { field: string }) => field);
    expect(fields).toEqual([
      'settings.polls',
      'settings.pin_role',
      'settings.slow_mode_seconds',
      'settings.message_length_max',
    ]);
    expect((await patch({ message_length_max: null })).status).toBe(400);
    const narrowed = await patch({ reactions: false, pin_role: 'owner', slow_mode_seconds: 20, message_length_max: 5 });
    expect(narrowed.body.settings).toMatchObject({
      ...{ polls: false, reactions: false, threads: true },
      ...{ pin_role: 'owner', slow_mode_seconds: 20, message_length_max: 5 },
    });
    expect(narrowed.body.own_capabilities).not.toContain('react');
    const tooLong = await send(owner, id, { content: 'longer' });
    expect(tooLong.body.error).toMatchObject({ code: 'CONTENT_TOO_LONG', details: { length: 6, max_length: 5 } });
    const short = (await send(owner, id, { content: 'short' })).body;
    expect(codeOf(await owner.call('PATCH', `/messages/${short.id}`, { content: 'longer' }))).toBe(
      '400 CONTENT_TOO_LONG',
    );
  });

  it('refuses the creation of a conversation that exceeds it, or that is built differently', async () => {
    const owner = await world.user();
    const type_name = await groupType({ links: false });
    const create = (body: object) => owner.call('POST', '/conversations', { type: 'group', ...body });
    const fieldOf = ({ body }: { body: Body }): string => body.error?.details.errors[0].field;
    expect(fieldOf(await create({ type_name, settings: { links: true } }))).toBe('settings.links');
    expect(fieldOf(await create({ type_name: 'broadcast' }))).toBe('type_name');
    expect(fieldOf(await create({ type_name: 'unknown' }))).toBe('type_name');
    const created = await create({ type_name, settings: { links: false } });
    expect(created.body).toMatchObject({ type: 'group', type_name, settings: { links: false } });
    expect((await create({})).body).toMatchObject({ type: 'group', type_name: 'group', settings: { links: true } });
  });

  it('decides whether conversations may have system messages, and what new ones show of their history', async () => {
    const owner = await world.user();
    const type_name = await groupType({ system_messages: false, history_visibility: 'since_join' });
    const create = (settings: object) => owner.call('POST', '/conversations', { type: 'group', type_name, settings });
    expect((await create({})).body.settings).toMatchObject({
      system_messages: false,
      history_visibility: 'since_join',
    });
    expect((await create({ history_visibility: 'all' })).body.settings.history_visibility).toBe('all');
    expect((await create({ system_messages: true })).status).toBe(400);
    await admin.call('PATCH', `/admin/conversation-types/${type_name}`, { settings: { system_messages: true } });
    const id = (await create({ system_messages: true })).body.id as string;
    const titled = async (title: string): Promise<number> => {
      await owner.call('PATCH', `/conversations/${id}`, { title });
      return (await owner.call('GET', `/conversations/${id}/messages`)).body.data.length as number;
    };
    expect(await titled('announced')).toBe(1);
    await admin.call('PATCH', `/admin/conversation-types/${type_name}`, { settings: { system_messages: false } });
    expect(await titled('not announced')).toBe(1);
    expect((await owner.call('GET', `/conversations/${id}`)).body.settings.system_messages).toBe(false);
  });

  it('names the lowest role that may write, also for edits, typing and capabilities', async () => {
    const [owner, moderator, member] = await world.users(3);
    const id = await world.group(owner!, [[moderator!, 'moderator'], member!], {
      type_name: await groupType({ send_role: 'moderator' }),
    });
    expect((await send(moderator!, id, { content: 'news' })).status).toBe(201);
    expect(codeOf(await send(member!, id, { content: 'me too' }))).toBe('403 PERMISSION_DENIED');
    expect(codeOf(await member!.call('POST', `/conversations/${id}/typing`))).toBe('403 PERMISSION_DENIED');
    const capabilities = async (user: User) => (await user.call('GET', `/conversations/${id}`)).body.own_capabilities;
    expect(await capabilities(member!)).toEqual(['react', 'delete_own', 'leave']);
    expect(await capabilities(moderator!)).toEqual(expect.arrayContaining(['send_message', 'edit_own', 'upload_file']));
    await owner!.call('PATCH', `/conversations/${id}/participants/${moderator!.userId}`, { role: 'participant' });
    expect(codeOf(await send(moderator!, id, { content: 'more' }))).toBe('403 PERMISSION_DENIED');
  });

  it('changes at once for its conversations, and connected users receive their capabilities', async () => {
    const [owner, member] = await world.users(2);
    const name = await groupType({});
    const id = await world.group(owner!, [member!], { type_name: name });
    const socket = await member!.webSocket();
    const changed = await admin.call('PATCH', `/admin/conversation-types/${name}`, {
      settings: { send_role: 'owner', reactions: false },
    });
    expect(changed.body.settings).toMatchObject({ send_role: 'owner', reactions: false, polls: true });
    const { data } = await socket.next('capabilities.changed');
    expect(data).toEqual({ conversation_ids: [id], own_capabilities: ['delete_own', 'leave'] });
    expect(codeOf(await send(member!, id, { content: 'late' }))).toBe('403 PERMISSION_DENIED');
  });

  it('is created, changed and deleted by admins and keys with the scope, and audited', async () => {
    const user = await world.user();
    expect(codeOf(await user.call('GET', '/admin/conversation-types'))).toBe('403 PERMISSION_DENIED');
    const { body: made } = await admin.call('POST', '/admin/keys', { name: 'shop', scopes: ['conversations:write'] });
    const key = new ApiClient(world.url, made.secret as string);
    const name = 'by-key';
    const body = { name, type: 'group', settings: { participants_max: 3 } };
    expect((await key.call('POST', '/admin/conversation-types', body)).status).toBe(201);
    expect(codeOf(await admin.call('POST', '/admin/conversation-types', body))).toBe('409 CONVERSATION_TYPE_EXISTS');
    const id = await world.group(user, [await world.user()], { type_name: name });
    const more = await world.users(2);
    const added = await user.call('POST', `/conversations/${id}/participants`, {
      user_ids: more.map(({ userId }) => userId),
    });
    expect(codeOf(added)).toBe('409 TOO_MANY_PARTICIPANTS');
    for (const used of [name, 'broadcast'])
      expect(codeOf(await admin.call('DELETE', `/admin/conversation-types/${used}`))).toBe(
        '409 CONVERSATION_TYPE_IN_USE',
      );
    const unused = await groupType({});
    expect((await admin.call('DELETE', `/admin/conversation-types/${unused}`)).status).toBe(204);
    expect(codeOf(await admin.call('GET', `/admin/conversation-types/${unused}`))).toBe(
      '404 CONVERSATION_TYPE_NOT_FOUND',
    );
    const rows = await world.database.query(
      `select action, actor_id = $2 as is_by_admin from audit_log where target_id in ($1, $3) order by at, id`,
      [name, admin.userId, unused],
    );
    expect(rows).toEqual([
      { action: 'conversation_type.create', is_by_admin: false },
      { action: 'conversation_type.create', is_by_admin: true },
      { action: 'conversation_type.delete', is_by_admin: true },
    ]);
  });
});

describe('a broadcast conversation', () => {
  let world: World;
  let owner: User;

  beforeAll(async () => {
    world = await World.start();
    owner = await world.user({ role: 'moderator' });
  });
  afterAll(() => world.stop());

  let rooms = 0;
  const broadcast = async (): Promise<string> => {
    const room = { type: 'room', type_name: 'broadcast', slug: `news-${++rooms}` };
    return (await owner.call('POST', '/conversations', room)).body.id as string;
  };
  const join = async (id: string, ...readers: User[]): Promise<void> => {
    for (const reader of readers) expect((await reader.call('POST', `/conversations/${id}/join`)).status).toBe(200);
  };
  const publish = async (id: string, content: string): Promise<{ id: string; seq: number }> => {
    const { status, body } = await owner.call('POST', `/conversations/${id}/messages`, { content });
    expect(status).toBe(201);
    return body;
  };
  const typesOf = (frames: { type: string }[]): string[] => frames.map(({ type }) => type);

  it('is created by moderators and admins of the system, by keys, and by users once the admin allows it', async () => {
    const [user, admin] = [await world.user(), await world.user({ role: 'admin' })];
    const room = () => ({ type: 'room', type_name: 'broadcast', slug: `news-${++rooms}` });
    const create = async (actor: User) => (await actor.call('POST', '/conversations', room())).status;
    const allow = (create_role: string) => admin.call('PATCH', '/admin/conversation-types/broadcast', { create_role });
    expect([await create(user), await create(owner), await create(admin)]).toEqual([403, 201, 201]);
    expect((await allow('admin')).body.create_role).toBe('admin');
    expect([await create(owner), await create(admin)]).toEqual([403, 201]);
    await allow('user');
    expect(await create(user)).toBe(201);
    await allow('moderator');
  });

  it('reaches readers from their joining to their leaving, without events about other readers', async () => {
    const id = await broadcast();
    const [first, second] = await world.users(2);
    await join(id, first!);
    const [socket, other] = [await first!.webSocket(), await second!.webSocket()];
    await join(id, second!);
    await other.next('conversation.added');
    await publish(id, 'one');
    expect((await other.next('message.created')).data.message.content).toBe('one');
    await second!.call('POST', `/conversations/${id}/leave`);
    await other.next('conversation.removed');
    await publish(id, 'two');
    await join(id, second!);
    await other.next('conversation.added');
    const three = await publish(id, 'three');
    const seen = await other.next('message.created');
    expect(seen.data.message.content).toBe('three');
    expect(seen.seq).toBe(three.seq);
    await socket.next(({ data }) => data?.message?.content === 'three');
    const durable = socket.frames.filter(({ seq, conversation_id }) => seq !== undefined && conversation_id === id);
    expect(typesOf(durable)).toEqual(['message.created', 'message.created', 'message.created']);
    expect(durable.slice(1).every(({ prev }, index) => prev === durable[index]!.seq)).toBe(true);
    const feed = (await first!.call('GET', `/conversations/${id}/events?after_seq=0`)).body;
    expect(typesOf(feed.data)).toEqual(['message.created', 'message.created', 'message.created']);
    const typing = await second!.call('POST', `/conversations/${id}/typing`);
    expect(typing.body.error.code).toBe('PERMISSION_DENIED');
    expect((await owner.call('POST', `/conversations/${id}/typing`)).body.error.details).toEqual({ feature: 'typing' });
  });

  it('sends a reader who resumes the messages alone', async () => {
    const id = await broadcast();
    const readers = await world.users(5);
    await join(id, readers[0]!);
    const socket = await readers[0]!.webSocket();
    const before = await publish(id, 'before');
    await socket.next('message.created');
    const { cursor } = (await socket.next('cursor')).data;
    socket.close();
    await join(id, ...readers.slice(1));
    await readers[1]!.call('POST', `/conversations/${id}/leave`);
    await publish(id, 'while away');
    const resumed = await readers[0]!.webSocket(cursor as string);
    // A cursor may be older than the message before it.
    const missed = resumed.frames.filter(({ seq, conversation_id }) => seq! > before.seq && conversation_id === id);
    expect(typesOf(missed)).toEqual(['message.created']);
    expect(missed[0]!.data.message.content).toBe('while away');
    expect(typesOf(resumed.frames)).not.toContain('receipt.updated');
  });

  it('counts its participants, and lists them in pages with owners and moderators first', async () => {
    const id = await broadcast();
    const readers = await world.users(4);
    await join(id, ...readers);
    await readers[0]!.call('POST', `/conversations/${id}/leave`);
    await join(id, readers[0]!);
    await readers[1]!.call('POST', `/conversations/${id}/leave`);
    await owner.call('PATCH', `/conversations/${id}/participants/${readers[3]!.userId}`, { role: 'moderator' });
    const { body } = await owner.call('GET', `/conversations/${id}`);
    expect(body.participant_count).toBe(4);
    const ids: string[] = [];
    let cursor = '';
    do {
      const page = await owner.call('GET', `/conversations/${id}/participants?limit=1${cursor && `&cursor=${cursor}`}`);
      ids.push(...page.body.data.map(({ user_id }: { user_id: string }) => user_id));
      cursor = page.body.next_cursor;
    } while (cursor);
    expect(ids).toEqual([owner, readers[3]!, readers[2]!, readers[0]!].map(({ userId }) => userId));
    const moderators = await owner.call('GET', `/conversations/${id}/participants?role=moderator`);
    expect(moderators.body.data.map(({ user_id }: { user_id: string }) => user_id)).toEqual([readers[3]!.userId]);
  });

  it('has no receipts and no presence of readers', async () => {
    const id = await broadcast();
    const [reader, other] = await world.users(2);
    await join(id, reader!, other!);
    const message = await publish(id, 'news');
    const read = await reader!.call('POST', `/conversations/${id}/read`, { message_id: message.id });
    expect(read.body).toMatchObject({ last_read_number: 1, unread_count: 0 });
    expect(await world.get(ReceiptsRepository).aggregate(id)).toBeUndefined();
    const listed = (await owner.call('GET', `/conversations/${id}/participants`)).body.data;
    expect(listed.find(({ user_id }: { user_id: string }) => user_id === reader!.userId).last_read_number).toBe(0);
    const receipts = await owner.call('GET', `/messages/${message.id}/receipts`);
    expect(receipts.body.error.details).toEqual({ feature: 'receipts' });
    const presence = await other!.call('GET', `/presence?user_ids=${reader!.userId}`);
    expect(presence.body.data).toEqual([]);
    await world.group(reader!, [other!]);
    expect((await other!.call('GET', `/presence?user_ids=${reader!.userId}`)).body.data).toHaveLength(1);
  });

  it('announces its deletion to readers in its own stream alone', async () => {
    const id = await broadcast();
    const reader = await world.user();
    await join(id, reader);
    const socket = await reader.webSocket();
    expect((await owner.call('DELETE', `/conversations/${id}`)).status).toBe(204);
    await socket.next('conversation.deleted');
    const rows = await world.database.query(
      `select from events where type = 'conversation.removed' and subject_id = $1`,
      [id],
    );
    expect(rows).toEqual([]);
  });

  it('announces joins to webhooks of the host', async () => {
    const id = await broadcast();
    const reader = await world.user();
    const event = {
      streamId: id,
      seq: null,
      type: 'participant.joined',
      actorId: reader.userId,
      subjectId: reader.userId,
    };
    const payload = { role: 'participant', is_muted: false, joined_at: new Date(0).toISOString() };
    const [data] = await world
      .get(WebhookPayloads)
      .present([{ ...event, payload, at: new Date(0), snapshot: null } as unknown as OutboxEvent]);
    expect(data).toMatchObject({ conversation_id: id, seq: null, participant: { user_id: reader.userId } });
  });
});
