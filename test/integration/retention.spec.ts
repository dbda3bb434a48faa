import { EventLog } from '../../src/platform/event-log/event-log.js';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

/** In days; the names are those of the settings. */
const SETTINGS = {
  MESSAGE_RETENTION_DAYS: '90',
  DIRECT_MESSAGE_RETENTION_DAYS: '10',
  DELETED_CONVERSATION_RETENTION_DAYS: '30',
  SCHEDULE_DRY_RUN: 'true', // the tests run the schedule
};
const HELD = { status: 409, body: { error: { code: 'LEGAL_HOLD' } } };

describe('retention', () => {
  let world: World;
  let admin: User;
  let [ana, bo]: User[] = [];

  beforeAll(async () => {
    world = await World.start(SETTINGS);
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world?.stop());

  beforeEach(async () => {
    [ana, bo] = await world.users(2);
  });

  const schedule = () => world.get(ScheduledTasks);
  const run = (task = 'message-retention') => schedule().run(task, { isDryRun: false });
  /** Sends a message and makes it this old; returns its id. */
  const send = async (conversation: string, days: number, sender = ana!): Promise<string> => {
    const sent = await sender.call('POST', `/conversations/${conversation}/messages`, { content: 'something' });
    await world.database.query(`update messages set created_at = now() - make_interval(days => $2) where id = $1`, [
      sent.body.id,
      days,
    ]);
    return sent.body.id as string;
  };
  const direct = async (): Promise<string> =>
    (await ana!.call('POST', '/conversations', { type: 'direct', participant_ids: [bo!.userId] })).body.id as string;
  const group = (settings: object = {}) => world.group(ana!, [bo!], { settings } as object);
  const deleteConversation = async (id: string, days: number) => {
    expect((await ana!.call('DELETE', `/conversations/${id}`)).status).toBe(204);
    await world.database.query(
      `update conversations set deleted_at = now() - make_interval(days => $2) where id = $1`,
      [id, days],
    );
  };
  const hold = async (target_type: string, target_id: string): Promise<string> => {
    const { status, body } = await admin.call('POST', '/admin/legal-holds', {
      target_type,
      target_id,
      reason: 'Case 1',
    });
    expect(status).toBe(201);
    return body.id as string;
  };
  const release = (id: string) => admin.call('DELETE', `/admin/legal-holds/${id}`);
  /** Those of these messages whose text is still in the database. */
  const remaining = async (ids: string[]): Promise<string[]> =>
    (
      await world.database.query<{ id: string }>(
        `select id from messages where id = any($1::uuid[]) and content <> '' and deleted_at is null`,
        [ids],
      )
    )
      .map(({ id }) => id)
      .sort();

  it('applies to every conversation without a number of days of its own, and to direct ones separately', async () => {
    const places = { direct: await direct(), group: await group(), own: await group({ message_retention_days: 365 }) };
    const ids = {
      direct: [await send(places.direct, 11), await send(places.direct, 9)],
      group: [await send(places.group, 91), await send(places.group, 89)],
      own: [await send(places.own, 366), await send(places.own, 364)],
    };
    expect(await schedule().run('message-retention', { isDryRun: true })).toEqual({ messages: 3, conversations: 3 });
    expect(await run()).toEqual({ messages: 3, conversations: 3 });
    const kept = Object.values(ids).map(([, second]) => second!);
    expect(await remaining(Object.values(ids).flat())).toEqual(kept.sort());
    expect(await run()).toEqual({ messages: 0, conversations: 0 });
  });

  it('applies the days of the conversation type, and fewer ones of a conversation', async () => {
    const type = { name: 'short-lived', type: 'group', settings: { message_retention_days: 20 } };
    expect((await admin.call('POST', '/admin/conversation-types', type)).status).toBe(201);
    const of = (settings: object) => world.group(ana!, [bo!], { type_name: type.name, settings } as object);
    const [place, fewer] = [await of({}), await of({ message_retention_days: 5 })];
    const ids = [await send(place, 21), await send(place, 19), await send(fewer, 6), await send(fewer, 4)];
    await run();
    expect(await remaining(ids)).toEqual([ids[1], ids[3]].sort());
    const kept = await send(place, 25);
    await admin.call('PATCH', `/admin/conversation-types/${type.name}`, { settings: { message_retention_days: null } });
    await run();
    expect(await remaining([kept])).toEqual([kept]);
  });

  it('removes the texts of a conversation 30 days after its deletion, new ones too', async () => {
    const [recent, old] = [await group(), await group()];
    const ids = [await send(recent, 1), await send(old, 1)];
    await world.database.query(
      `insert into message_edits (message_id, version, content, edited_by, edited_at) values ($1, 1, 'x', $2, now())`,
      [ids[1], ana!.userId],
    );
    await deleteConversation(recent, 29);
    await deleteConversation(old, 31);
    expect(await run()).toEqual({ messages: 1, conversations: 1 });
    expect(await remaining(ids)).toEqual([ids[0]]);
    const [left] = await world.database.query<{ content: string; edits: string }>(
      `select m.content, (select count(*) from message_edits e where e.message_id = m.id) as edits
         from messages m where m.id = $1`,
      [ids[1]],
    );
    expect(left).toEqual({ content: '', edits: '0' });
  });

  describe('a legal hold', () => {
    it('keeps what retention would remove, until it is released', async () => {
      const [held, ofUser, deleted] = [await group(), await world.group(bo!), await group()];
      const ids = [await send(held, 100), await send(ofUser, 100, bo), await send(deleted, 1)];
      await deleteConversation(deleted, 31);
      const holds = [
        await hold('conversation', held),
        await hold('conversation', deleted),
        await hold('user', bo!.userId),
      ];
      expect(await run()).toEqual({ messages: 0, conversations: 0 });
      expect(await remaining(ids)).toEqual([...ids].sort());
      for (const id of holds) expect((await release(id)).status).toBe(200);
      expect(await run()).toEqual({ messages: 3, conversations: 3 });
    });

    it.each(['conversation', 'user'])('waits for deletions that had begun, if it is of a %s', async (target) => {
      const id = await group();
      const targetId = target === 'user' ? ana!.userId : id;
      const order: string[] = [];
      const isStored = async () =>
        (await world.database.query('select from legal_holds where target_id = $1', [targetId])).length > 0;
      let held: Promise<string> | undefined;
      await world.get(EventLog).write(id, async () => {
        held = hold(target, targetId);
        void held.then(() => order.push('held'));
        while (!(await isStored()));
        for (let i = 0; i < 3; i++) await admin.call('GET', '/admin/legal-holds');
        order.push('deleted');
      });
      await release(await held!);
      expect(order).toEqual(['deleted', 'held']);
    });

    it('lets no one delete messages, the conversation, or a user in it', async () => {
      const [id, other] = [await group(), await group()];
      const [messageId, free] = [await send(id, 0), await send(other, 0)];
      const holdId = await hold('conversation', id);
      const removals: [User, string, string, object?][] = [
        [ana!, 'DELETE', `/messages/${messageId}`],
        [ana!, 'DELETE', `/conversations/${id}`],
        [admin, 'DELETE', `/conversations/${id}`],
      ];
      for (const [actor, method, path, body] of removals)
        expect(await actor.call(method, path, body)).toMatchObject(HELD);
      const report = await bo!.call('POST', '/reports', {
        target_type: 'message',
        target_id: messageId,
        category: 'spam',
      });
      const resolve = { outcome: 'removed' };
      expect(await admin.call('POST', `/admin/reports/${report.body.id}/resolve`, resolve)).toMatchObject(HELD);
      expect((await ana!.call('DELETE', `/messages/${free}`)).status).toBe(200);
      await release(holdId);
      expect((await ana!.call('DELETE', `/messages/${messageId}`)).status).toBe(200);
    });

    it('keeps the account of a held user, and every version of their messages', async () => {
      const messageId = await send(await group(), 0);
      await hold('user', ana!.userId);
      const deletion = { reason: 'as asked', messages: 'delete' };
      expect(await admin.call('DELETE', `/admin/users/${ana!.userId}`, deletion)).toMatchObject(HELD);
      for (let version = 0; version < 103; version++) {
        await ana!.call('PATCH', `/messages/${messageId}`, { content: `version ${version}` });
      }
      const [row] = await world.database.query<{ count: string }>(
        `select count(*) from message_edits where message_id = $1`,
        [messageId],
      );
      expect(row!.count).toBe('103');
    });

    it('delays the erasure of messages when an account is deleted', async () => {
      const [held, other] = [await group(), await group()];
      const ids = [await send(held, 0), await send(other, 0)];
      const holdId = await hold('conversation', held);
      const deletion = { reason: 'as asked', messages: 'delete' };
      expect((await admin.call('DELETE', `/admin/users/${ana!.userId}`, deletion)).status).toBe(204);
      await run('account-deletions');
      expect(await remaining(ids)).toEqual([ids[0]]);
      await release(holdId);
      await world.database.query(`update account_deletions set tried_at = now() - interval '2 hours'`);
      await run('account-deletions');
      expect(await remaining(ids)).toEqual([]);
      await run('account-deletions');
      const unfinished = await world.database.query(`select from account_deletions where finished_at is null`);
      expect(unfinished).toEqual([]);
    });

    it('is placed and released by admins only, once for each target, and audited', async () => {
      const id = await group();
      const body = { target_type: 'conversation', target_id: id, reason: 'Case 2' };
      expect((await ana!.call('POST', '/admin/legal-holds', body)).status).toBe(403);
      const holdId = await hold('conversation', id);
      expect((await admin.call('POST', '/admin/legal-holds', body)).body).toMatchObject({
        id: holdId,
        reason: 'Case 1',
      });
      const unknown = await admin.call('POST', '/admin/legal-holds', { ...body, target_id: ana!.userId });
      expect(unknown).toMatchObject({
        status: 404,
        body: { error: { code: 'CONVERSATION_NOT_FOUND' } },
      });
      const listed = async (query = '') =>
        (await admin.call('GET', `/admin/legal-holds${query}`)).body.data.map((one: { id: string }) => one.id);
      expect(await listed()).toContain(holdId);
      expect((await release(holdId)).body.released_by).toBe(admin.userId);
      expect((await release(holdId)).status).toBe(200);
      expect(await listed()).not.toContain(holdId);
      expect(await listed('?include_released=true')).toContain(holdId);
      const { body: log } = await admin.call('GET', '/admin/audit-log?limit=20');
      const acts = log.data.filter((entry: { target_id: string }) => entry.target_id === holdId);
      expect(acts.map(({ action }: { action: string }) => action).sort()).toEqual([
        'legal_hold.create',
        'legal_hold.release',
      ]);
    });
  });

  describe('a truncated conversation', () => {
    const list = async (actor: User, id: string): Promise<string[]> =>
      (await actor.call('GET', `/conversations/${id}/messages`)).body.data.map((one: { id: string }) => one.id);
    const truncate = (actor: User, id: string, body: object) =>
      actor.call('POST', `/conversations/${id}/truncate`, body);

    it('begins after the last truncated message for everyone, and the texts before are deleted', async () => {
      const id = await group();
      const [root, reply] = [await send(id, 3), await send(id, 2, bo)];
      await world.database.query(`update messages set thread_root_id = $1 where id = $2`, [root, reply]);
      const kept = await send(id, 0, bo);
      const device = await bo!.webSocket();
      await device.first('live');
      expect((await truncate(bo!, id, { up_to_number: 2 })).status).toBe(403);
      expect((await truncate(ana!, id, { up_to_number: 2 })).body).toEqual({ conversation_id: id, up_to_number: 2 });
      expect(await device.next('conversation.truncated')).toMatchObject({
        conversation_id: id,
        actor_id: ana!.userId,
        data: { up_to_number: 2 },
      });
      const newcomer = await world.user();
      await ana!.call('POST', `/conversations/${id}/participants`, { user_ids: [newcomer.userId] });
      for (const actor of [ana!, bo!, newcomer]) expect(await list(actor, id)).toEqual([kept]);
      expect((await ana!.call('GET', `/messages/${root}`)).status).toBe(404);
      expect(await remaining([root, reply, kept])).toEqual([kept]);
      expect((await ana!.call('GET', `/conversations/${id}`)).body).toMatchObject({ unread_count: 1 });
      // One event for all of it.
      const { body: events } = await ana!.call('GET', `/conversations/${id}/events?after_seq=0`);
      const types = events.data.map(({ type }: { type: string }) => type);
      expect([types.includes('message.deleted'), types.includes('conversation.truncated')]).toEqual([false, true]);
      expect((await truncate(ana!, id, { up_to_number: 1 })).body).toMatchObject({ up_to_number: 2 });
    });

    it('is truncated up to a time, or a number that it has, and never under a legal hold or if it is direct', async () => {
      const id = await group();
      const ids = [await send(id, 20), await send(id, 10), await send(id, 0)];
      const code = async (place: string, body: object) => (await truncate(ana!, place, body)).body.error?.code;
      for (const body of [{}, { up_to_number: 1, before: '2026-01-01' }, { up_to_number: 9 }])
        expect(await code(id, body)).toBe('VALIDATION_ERROR');
      const holdId = await hold('conversation', id);
      expect(await truncate(ana!, id, { up_to_number: 1 })).toMatchObject(HELD);
      expect(await list(ana!, id)).toHaveLength(3);
      await release(holdId);
      const before = new Date(Date.now() - 15 * 86_400_000).toISOString();
      expect((await truncate(ana!, id, { before })).body).toMatchObject({ up_to_number: 1 });
      expect(await remaining(ids)).toEqual(ids.slice(1).sort());
      expect(await code(await direct(), { up_to_number: 0 })).toBe('DIRECT_CONVERSATION_FIXED');
    });

    it('loses the texts of a large one in the background, and shows none of them from the beginning', async () => {
      const id = await group();
      await world.database.query(
        `with m as (
           insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
           select gen_random_uuid(), $1, n, n + last_seq, $2, 'text', 'something', now()
             from stream_heads, generate_series(1, 1150) n where stream_id = $1
         )
         update stream_heads set last_seq = last_seq + 1150, last_number = 1150 where stream_id = $1`,
        [id, ana!.userId],
      );
      const left = async () =>
        (
          await world.database.query<{ count: number }>(
            `select count(*)::int as count from messages where conversation_id = $1 and content <> ''`,
            [id],
          )
        )[0]!.count;
      expect((await truncate(ana!, id, { up_to_number: 1140 })).body).toMatchObject({ up_to_number: 1140 });
      expect([await left(), (await list(ana!, id)).length]).toEqual([150, 10]);
      const holdId = await hold('conversation', id);
      await run('truncations');
      expect(await left()).toBe(150);
      await release(holdId);
      expect(await run('truncations')).toEqual({ messages: 140, conversations: 1 });
      expect([await left(), (await list(ana!, id)).length]).toEqual([10, 10]);
      expect(await run('truncations')).toEqual({ messages: 0, conversations: 0 });
    });
  });
});
