import { MessageRetention } from '../../src/modules/messages/message-retention.js';
import { ReadStateProvider } from '../../src/modules/participants/read-state.js';
import { ApiClient } from '../support/client/api-client.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

interface SentMessage {
  readonly id: string;
}

describe('what is unread', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const send = async (actor: User, id: string, body: object = {}): Promise<SentMessage> => {
    const sent = await actor.call('POST', `/conversations/${id}/messages`, { content: 'Hello', ...body });
    expect([sent.status, sent.body.error]).toEqual([201, undefined]);
    return sent.body as SentMessage;
  };
  const sendMany = async (actor: User, id: string, count: number) => {
    for (let i = 0; i < count; i++) await send(actor, id);
  };
  const totals = async (actor: User) => {
    const { cursor: _cursor, ...counts } = (await actor.call('GET', '/users/me/unread')).body as Record<
      string,
      unknown
    >;
    return counts;
  };
  const conversation = async (actor: User, id: string) => {
    const { unread_count, mention_count, last_read_number } = (await actor.call('GET', `/conversations/${id}`)).body;
    return { unread_count, mention_count, last_read_number };
  };
  const markUnread = (actor: User, id: string, number: number) =>
    actor.call('POST', `/conversations/${id}/unread`, { sequence_number: number });
  const names = async (actor: User, query = '') =>
    (await actor.call('GET', `/users/me/mentions${query}`)).body.data.map(
      ({ content }: { content: string }) => content,
    );

  it('is the number of messages of others in all conversations, without deleted ones and muted conversations', async () => {
    const [anna, ben] = await world.users(2);
    const [one, two, three] = [
      await world.group(anna, [ben]),
      await world.group(anna, [ben]),
      await world.group(anna, [ben]),
    ];
    expect(await totals(ben)).toMatchObject({ total: 0, conversations: 0, mentions: 0 });
    await sendMany(anna, one, 3);
    await sendMany(anna, two, 2);
    await send(ben, three);
    expect(await totals(ben)).toMatchObject({ total: 5, conversations: 2, mentions: 0 });
    const { id } = await send(anna, two, { mentions: [ben.userId] });
    await send(anna, two, { mentions: [ben.userId] });
    expect(await totals(ben)).toMatchObject({ total: 7, conversations: 2, mentions: 2 });
    await anna.call('DELETE', `/messages/${id}`);
    expect(await totals(ben)).toMatchObject({ total: 6, conversations: 2, mentions: 1 });
    await ben.call('PATCH', `/conversations/${two}/me`, { is_muted: true });
    expect(await totals(ben)).toMatchObject({ total: 3, conversations: 1, mentions: 1 });
    expect(await conversation(ben, two)).toMatchObject({ unread_count: 3, mention_count: 1 });
    await ben.call('PATCH', `/conversations/${two}/me`, { muted_until: '2020-01-01T00:00:00Z' });
    expect(await totals(ben)).toMatchObject({ total: 6, conversations: 2, mentions: 1 });
    await ben.call('POST', `/conversations/${one}/leave`);
    expect(await totals(ben)).toMatchObject({ total: 3, conversations: 1, mentions: 1 });
    await anna.call('DELETE', `/conversations/${two}`);
    expect(await totals(ben)).toMatchObject({ total: 0, conversations: 0, mentions: 0 });
  });

  it('includes system messages only if the settings of the conversation say so', async () => {
    const [anna, ben] = await world.users(2);
    const admin = await world.user({ role: 'admin' });
    const id = await world.group(anna, [ben]);
    await admin.call('POST', `/conversations/${id}/participants`, { user_ids: [admin.userId], reason: 'a report' });
    await send(anna, id);
    const counts = async () =>
      Promise.all([ben, admin].map(async (user) => (await conversation(user, id)).unread_count as number));
    expect(await counts()).toEqual([1, 1]);
    await anna.call('PATCH', `/conversations/${id}`, { settings: { count_system_messages: true } });
    expect(await counts()).toEqual([2, 1]);
    await markUnread(admin, id, 1);
    expect(await counts()).toEqual([2, 1]);
  });

  it('is sent to all devices of a user who reads, with the totals', async () => {
    const [anna, ben] = await world.users(2);
    const [one, two] = [await world.group(anna, [ben]), await world.group(anna, [ben])];
    await sendMany(anna, one, 3);
    await send(anna, two, { mentions: [ben.userId] });
    const device = await ben.webSocket();
    await ben.call('POST', `/conversations/${one}/read`, { sequence_number: 2 });
    expect((await device.next('unread.changed')).data).toEqual({
      conversation_id: one,
      unread_count: 1,
      mention_count: 0,
      last_read_number: 2,
      total: 2,
      conversations: 2,
      mentions: 1,
      threads: 0,
    });
    await ben.call('PATCH', `/conversations/${two}/me`, { is_muted: true });
    expect((await device.next('unread.changed')).data).toMatchObject({
      conversation_id: two,
      unread_count: 1,
      total: 1,
    });
    await markUnread(ben, one, 1);
    expect((await device.next('unread.changed')).data).toMatchObject({
      conversation_id: one,
      unread_count: 3,
      last_read_number: 0,
      total: 3,
    });
    device.close();
  });

  it('begins again at a message from which a user marks the conversation as unread, until they read or write', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    await sendMany(anna, id, 3);
    await send(ben, id);
    await sendMany(anna, id, 2);
    await ben.call('POST', `/conversations/${id}/read`, { sequence_number: 6 });
    expect((await markUnread(ben, id, 3)).body).toEqual({
      conversation_id: id,
      last_read_number: 2,
      last_delivered_number: 6,
      unread_count: 3,
      mention_count: 0,
    });
    expect(await conversation(ben, id)).toMatchObject({ unread_count: 3, last_read_number: 2 });
    expect(await totals(ben)).toMatchObject({ total: 3, conversations: 1 });
    const { body } = await anna.call('GET', `/conversations/${id}/participants`);
    const bens = body.data.find(({ user_id }: { user_id: string }) => user_id === ben.userId);
    expect(bens).toMatchObject({ last_read_number: 6 });

    const read = (number: number) => ben.call('POST', `/conversations/${id}/read`, { sequence_number: number });
    expect((await read(2)).body).toMatchObject({ unread_count: 3, last_read_number: 2 });
    expect((await read(5)).body).toMatchObject({ unread_count: 1, last_read_number: 5 });
    expect((await read(6)).body).toMatchObject({ unread_count: 0, last_read_number: 6 });
    await markUnread(ben, id, 1);
    await send(ben, id);
    expect(await conversation(ben, id)).toMatchObject({ unread_count: 0, last_read_number: 7 });
  });

  it('begins at most 1,000 messages back, at an existing message', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    await send(anna, id);
    await ben.call('POST', `/conversations/${id}/read`, { sequence_number: 1 });
    for (const number of [0, 2, 1.5])
      expect((await markUnread(ben, id, number)).body.error?.code).toBe('VALIDATION_ERROR');
    await world.database.query(`update stream_heads set last_number = 1001 where stream_id = $1`, [id]);
    expect((await markUnread(ben, id, 1)).body.error?.code).toBe('VALIDATION_ERROR');
    expect((await markUnread(ben, id, 2)).status).toBe(200);
    const stranger = await world.user();
    expect((await markUnread(stranger, id, 1)).status).toBe(403);
  });

  it('is the same for a client that resumes and for one that loads', async () => {
    const [anna, ben] = await world.users(2);
    const ids = [await world.group(anna, [ben]), await world.group(anna, [ben])];
    for (const id of ids) await sendMany(anna, id, 4);
    await ben.call('POST', `/conversations/${ids[0]}/read`, { sequence_number: 4 });
    await markUnread(ben, ids[0]!, 2);
    await send(anna, ids[1]!, { mentions: [ben.userId] });
    const frames = await world.get(ReadStateProvider).framesOnResume(ben.userId);
    const resumed = frames.filter(({ type }) => type === 'unread.changed').map(({ data }) => data);
    const loaded = await Promise.all(
      ids.map(async (id) => ({ conversation_id: id, ...(await conversation(ben, id)), ...(await totals(ben)) })),
    );
    expect(resumed).toEqual(expect.arrayContaining(loaded));
    expect(resumed).toHaveLength(2);
  });

  it('excludes what retention has removed after a conversation was marked as unread', async () => {
    const [anna, ben] = await world.users(2);
    const id = await world.group(anna, [ben]);
    for (let i = 0; i < 4; i++) await send(i % 2 ? ben : anna, id, { mentions: [ben.userId] });
    await ben.call('POST', `/conversations/${id}/read`, { sequence_number: 4 });
    await markUnread(ben, id, 1);
    expect(await conversation(ben, id)).toMatchObject({ unread_count: 2, mention_count: 2 });
    await world.database.query(
      `update messages set created_at = now() - interval '40 days' where conversation_id = $1 and sequence_number <= 2`,
      [id],
    );
    await anna.call('PATCH', `/conversations/${id}`, { settings: { message_retention_days: 30 } });
    await world.get(MessageRetention).run({ isDryRun: false });
    expect(await conversation(ben, id)).toMatchObject({ unread_count: 1, mention_count: 1 });
    expect(await totals(ben)).toMatchObject({ total: 1, conversations: 1, mentions: 1 });
  });

  describe('in many conversations', () => {
    const readMany = (actor: User, body: object) => actor.call('POST', '/users/me/read', body);

    /** A cursor includes what is older than every open transaction of the cluster, those of other tests among them. */
    async function committedBeforeAllOpenTransactions(ids: string[]): Promise<void> {
      const sql = `select from stream_heads
                    where stream_id = any($1::uuid[]) and last_xid >= pg_snapshot_xmin(pg_current_snapshot())`;
      while ((await world.database.query(sql, [ids])).length > 0);
    }

    it('becomes nothing when a user reads all of them, and stays elsewhere when they read some', async () => {
      const [anna, ben] = await world.users(2);
      const ids = await Promise.all([1, 2, 3].map(() => world.group(anna, [ben])));
      for (const id of ids) await sendMany(anna, id, 2);
      const elsewhere = await world.group(anna);
      const some = await readMany(ben, { conversation_ids: [ids[0], elsewhere] });
      expect(some.body).toMatchObject({ total: 4, conversations: 2, mentions: 0 });
      expect((await readMany(ben, { all: true })).body).toMatchObject({ total: 0, conversations: 0 });
      for (const id of ids) expect(await conversation(ben, id)).toMatchObject({ unread_count: 0, last_read_number: 2 });
      await markUnread(ben, ids[1]!, 1);
      expect((await readMany(ben, { all: true })).body).toMatchObject({ total: 0, conversations: 0 });
    });

    it('stays for messages that are newer than the cursor', async () => {
      const [anna, ben] = await world.users(2);
      const ids = await Promise.all([1, 2].map(() => world.group(anna, [ben])));
      for (const id of ids) await sendMany(anna, id, 2);
      await committedBeforeAllOpenTransactions(ids);
      const { cursor } = (await ben.call('GET', '/users/me/unread')).body;
      const { id: last } = await send(anna, ids[0]!);
      await anna.call('PUT', `/messages/${last}/reactions/${encodeURIComponent('👍')}`);
      expect((await readMany(ben, { all: true, cursor })).body).toMatchObject({ total: 1, conversations: 1 });
      expect(await conversation(ben, ids[0]!)).toMatchObject({ unread_count: 1, last_read_number: 2 });
      expect(await conversation(ben, ids[1]!)).toMatchObject({ unread_count: 0, last_read_number: 2 });
    });

    it('requires conversations or all, and a cursor of the user', async () => {
      const [anna, ben] = await world.users(2);
      const { cursor } = (await anna.call('GET', '/users/me/unread')).body;
      const bodies = [
        {},
        { all: false },
        { all: true, conversation_ids: [] },
        { all: true, cursor: 'x' },
        { all: true, cursor },
      ];
      for (const body of bodies) {
        const response = await readMany(ben, body);
        expect([body, response.body.error?.code]).toEqual([body, 'VALIDATION_ERROR']);
      }
    });
  });

  it('is readable for other users with a server key only', async () => {
    const [anna, ben] = await world.users(2);
    const admin = await world.user({ role: 'admin' });
    await send(anna, await world.group(anna, [ben]), { mentions: [ben.userId] });
    const body = { user_ids: [ben.userId, anna.userId, '019a0000-0000-7000-8000-00000000ffff'] };
    for (const user of [anna, admin])
      expect((await user.call('POST', '/users/unread', body)).body.error.code).toBe('PERMISSION_DENIED');
    const made = await admin.call('POST', '/admin/keys', { name: 'host', scopes: ['users:read'] });
    const host = new ApiClient(world.url, made.body.secret as string);
    expect((await host.call('POST', '/users/unread', body)).body.data).toEqual([
      { user_id: ben.userId, external_id: null, total: 1, conversations: 1, mentions: 1, threads: 0 },
      { user_id: anna.userId, external_id: null, total: 0, conversations: 0, mentions: 0, threads: 0 },
    ]);
    await world.database.query(`update users set external_id = 'host 7' where id = $1`, [ben.userId]);
    const named = { external_ids: ['unknown', 'host 7', 'host 7'] };
    expect((await host.call('POST', '/users/unread', named)).body.data).toEqual([
      { user_id: ben.userId, external_id: 'host 7', total: 1, conversations: 1, mentions: 1, threads: 0 },
    ]);
    for (const wrong of [{}, { ...body, external_ids: ['host 7'] }])
      expect((await anna.call('POST', '/users/unread', wrong)).body.error.code).toBe('VALIDATION_ERROR');
  });

  describe('a mention', () => {
    it('counts for the participants it names, until they read it, and is listed', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben]);
      await send(anna, id, { content: 'first', mentions: [ben.userId, carl.userId, anna.userId] });
      const { id: second } = await send(anna, id, { content: 'second', mentions: { users: [ben.userId] } });
      expect(await conversation(ben, id)).toMatchObject({ unread_count: 2, mention_count: 2 });
      expect(await totals(anna)).toMatchObject({ mentions: 0 });
      expect([await names(ben), await names(anna), await names(carl)]).toEqual([['second', 'first'], [], []]);
      const page = (await ben.call('GET', '/users/me/mentions?limit=1')).body;
      expect(page).toMatchObject({ has_more: true, data: [{ content: 'second', mentions: [ben.userId] }] });
      expect(await names(ben, `?limit=1&cursor=${page.next_cursor}`)).toEqual(['first']);
      await ben.call('POST', `/conversations/${id}/read`, { sequence_number: 1 });
      expect(await conversation(ben, id)).toMatchObject({ mention_count: 1 });
      expect(await names(ben, '?unread=true')).toEqual(['second']);
      await anna.call('DELETE', `/messages/${second}`);
      expect(await conversation(ben, id)).toMatchObject({ mention_count: 0 });
      expect(await names(ben)).toEqual(['first']);
      await ben.call('POST', `/conversations/${id}/leave`);
      expect(await names(ben)).toEqual([]);
    });

    it('follows the edits of its message', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const sent = await send(anna, id, { content: 'before', mentions: [ben.userId] });
      const edit = (body: object) => anna.call('PATCH', `/messages/${sent.id}`, { content: 'after', ...body });
      const counts = async () =>
        Promise.all([ben, carl].map(async (user) => (await conversation(user, id)).mention_count as number));
      await edit({});
      expect(await counts()).toEqual([1, 0]);
      await edit({ mentions: [carl.userId] });
      expect(await counts()).toEqual([0, 1]);
      await edit({ mentions: [] });
      expect(await counts()).toEqual([0, 0]);
    });

    it('counts once for every other participant if it is of all, and not for a user who joins later', async () => {
      const [anna, ben, carl, dora] = await world.users(4);
      const id = await world.group(anna, [ben, carl]);
      const sent = await send(anna, id, { content: 'all', mentions: { all: true, users: [ben.userId] } });
      expect(sent).toMatchObject({ mention_scope: 'all', mentions: [ben.userId] });
      await anna.call('POST', `/conversations/${id}/participants`, { user_ids: [dora.userId] });
      const counts = await Promise.all([anna, ben, carl, dora].map((user) => totals(user)));
      expect(counts.map(({ mentions }) => mentions)).toEqual([0, 1, 1, 0]);
      expect([await names(anna), await names(ben), await names(carl), await names(dora)]).toEqual([[], ['all'], ['all'], []]); // prettier-ignore
      // Nor if the later user marks what was said before as unread.
      await dora.call('POST', `/conversations/${id}/unread`, { sequence_number: 1 });
      expect(await totals(dora)).toMatchObject({ total: 1, mentions: 0 });
      const rows = await world.database.query(`select from message_mentions where conversation_id = $1`, [id]);
      expect(rows).toHaveLength(1);
      await anna.call('DELETE', `/messages/${sent.id}`);
      expect(await totals(carl)).toMatchObject({ mentions: 0 });
      expect((await carl.call('GET', `/messages/${sent.id}`)).body.mention_scope).toBeUndefined();
    });

    it('counts for participants who are online if it is of those who are here', async () => {
      const [anna, ben, carl] = await world.users(3);
      const id = await world.group(anna, [ben, carl]);
      const socket = await ben.webSocket();
      const sent = await send(anna, id, { content: 'here', mentions: { here: true } });
      expect((await socket.next('message.created')).data!.message).toMatchObject({
        mention_scope: 'here',
        mentions: [],
      });
      expect([await names(ben), await names(carl)]).toEqual([['here'], []]);
      await anna.call('PATCH', `/messages/${sent.id}`, { content: 'still here', mentions: [carl.userId] });
      expect([await names(ben), await names(carl)]).toEqual([['still here'], ['still here']]);
      socket.close();
    });

    it('is allowed of all to moderators, and to everyone where the settings or a direct conversation allow it', async () => {
      const [anna, ben] = await world.users(2);
      const id = await world.group(anna, [ben]);
      const mention = (actor: User, to: string, key?: string) =>
        actor.call('POST', `/conversations/${to}/messages`, {
          content: 'Hi',
          mentions: { here: true },
          client_message_id: key,
        });
      expect((await mention(ben, id)).body.error).toMatchObject({ code: 'PERMISSION_DENIED' });
      expect((await mention(anna, id)).status).toBe(201);
      await anna.call('PATCH', `/conversations/${id}`, { settings: { allow_mention_all: true } });
      expect((await mention(ben, id, 'once')).status).toBe(201);
      expect((await mention(ben, id, 'once')).status).toBe(201);
      const direct = await ben.call('POST', '/conversations', { type: 'direct', participant_ids: [anna.userId] });
      expect((await mention(ben, direct.body.id)).status).toBe(201);
    });

    it('is limited for each user if it is of all, and not if it names users', async () => {
      const limited = await World.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_MENTION_ALL: '2' });
      const [anna, ben] = await limited.users(2);
      const id = await limited.group(anna, [ben]);
      const post = (body: object) => anna.call('POST', `/conversations/${id}/messages`, { content: 'Hi', ...body });
      const statuses: number[] = [];
      for (let i = 0; i < 3; i++) statuses.push((await post({ mentions: { all: true } })).status);
      expect(statuses).toEqual([201, 201, 429]);
      expect((await post({ mentions: [ben.userId] })).status).toBe(201);
      await limited.stop();
    });

    it.each([
      [{ all: 'yes' }],
      [{ everyone: true }],
      [{ users: 'x' }],
      [{ users: ['x'] }],
      ['all'],
      [null],
      [Array.from({ length: 51 }, (_, i) => `019a0000-0000-7000-8000-${String(i).padStart(12, '0')}`)],
    ])('is rejected in another form: %j', async (mentions) => {
      const anna = await world.user();
      const id = await world.group(anna);
      const { body } = await anna.call('POST', `/conversations/${id}/messages`, { content: 'Hi', mentions });
      expect(body.error).toMatchObject({ code: 'VALIDATION_ERROR', details: { errors: [{ field: 'mentions' }] } });
    });
  });
});
