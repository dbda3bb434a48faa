import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { AccountDeletionsTask } from '../../src/modules/admin/users/account-deletions-task.js';
import { EventLog } from '../../src/platform/event-log/event-log.js';
import type { HttpResponse } from '../support/client/http.js';
import type { RegisteredUser, User } from '../support/users.js';
import { World } from '../support/world.js';

const REASON = 'because of a test';

describe('the deletion of an account', () => {
  let world: World;
  let admin: User;

  beforeAll(async () => {
    // The tests start the background work themselves, so that they see it begin and end.
    world = await World.start({ PROCESS_ROLE: 'all', SCHEDULE_DRY_RUN: 'true' });
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world.stop());

  const remove = (user: { id: string }, messages: string, by = admin): Promise<HttpResponse> =>
    by.call('DELETE', `/admin/users/${user.id}`, { messages, reason: REASON });
  const finish = (): Promise<unknown> => world.get(AccountDeletionsTask).run({ isDryRun: false });
  const send = async (who: RegisteredUser, groupId: string, content: string): Promise<string> =>
    (await who.call('POST', `/conversations/${groupId}/messages`, { content })).body.id as string;
  const messageOf = async (by: RegisteredUser, id: string): Promise<Record<string, unknown>> =>
    (await by.call('GET', `/messages/${id}`)).body as Record<string, unknown>;

  it('closes sockets, tokens and logins at once, and removes the identity', async () => {
    const [ana, bo] = [await world.register('del-ana'), await world.register('del-bo')];
    const groupId = await world.group(ana, [bo]);
    const socket = await ana.webSocket();
    expect((await remove(ana, 'anonymise')).status).toBe(204);
    await socket.closed;
    expect((await ana.call('GET', '/users/me')).status).toBe(401);
    expect((await ana.call('POST', `/conversations/${groupId}/messages`, { content: 'late' })).status).toBe(401);
    const login = await world.call('POST', '/auth/login', { username: 'del-ana', password: ana.password });
    expect(login.status).toBe(401);
    const rows = await world.database.query(
      `select row_to_json(u)::text || coalesce((select jsonb_agg(s)::text from sessions s where s.user_id = u.id), '') as t
         from users u where u.id = $1`,
      [ana.id],
    );
    expect(rows[0]!.t).not.toContain('del-ana');
    const [left] = await world.database.query(
      `select (select count(*)::int from credentials where user_id = $1) as credentials,
              (select count(*)::int from known_devices where user_id = $1) as devices,
              (select string_agg(ip || user_agent, '') from sessions where user_id = $1) as places`,
      [ana.id],
    );
    expect(left).toEqual({ credentials: 0, devices: 0, places: '' });
    expect((await bo.call('GET', `/users/${ana.id}`)).status).toBe(404);
    expect((await remove(ana, 'keep')).status).toBe(404);
    const { body } = await admin.call('GET', `/admin/users/${ana.id}`);
    expect(body).toMatchObject({
      status: 'deleted',
      display_name: 'Deleted user',
      email: null,
      deletion: { messages: 'anonymise', finished_at: null },
    });
    // The name is available again.
    expect((await world.register('del-ana')).id).not.toBe(ana.id);
  });

  it.each([
    ['keep', 'keeper', 'hello', false],
    ['anonymise', 'Deleted user', 'hello', false],
    ['delete', 'Deleted user', '', true],
  ])(
    'treats messages as chosen: with %s, the sender is "%s" and the content "%s"',
    async (fate, name, content, isDeleted) => {
      const [author, reader] = [await world.register(`keeper-${fate}`), await world.register(`reader-${fate}`)];
      await author.call('PATCH', '/users/me', { display_name: 'keeper' });
      await author.call('PUT', '/presence', { status: 'busy', custom: 'at the dentist' });
      const presence = () =>
        world.database.query('select custom from presence_settings where user_id = $1', [author.id]);
      expect(await presence()).toEqual([{ custom: 'at the dentist' }]);
      const groupId = await world.group(author, [reader]);
      const id = await send(author, groupId, 'hello');
      await world.database.query(
        `update messages set client_message_id = 'from my phone', body_hash = '\\x01' where id = $1`,
        [id],
      );
      await remove(author, fate);
      await finish();
      const [left] = await world.database.query('select client_message_id, body_hash from messages where id = $1', [
        id,
      ]);
      expect(left).toMatchObject(isDeleted ? { client_message_id: null, body_hash: null } : {});
      expect(await messageOf(reader, id)).toMatchObject({ sender_name: name, content, is_deleted: isDeleted });
      const { body } = await reader.call('GET', `/conversations/${groupId}`);
      expect(
        (body.participants as { user_id: string; role: string }[]).map(({ user_id, role }) => [user_id, role]),
      ).toEqual([[reader.id, 'owner']]);
      const details = await admin.call('GET', `/admin/users/${author.id}`);
      expect(details.body.deletion).toEqual({ messages: fate, finished_at: expect.any(String) });
      expect(await presence()).not.toContainEqual({ custom: 'at the dentist' });
    },
  );

  it('refuses sends, edits and reactions in direct conversations with the account, and preserves the history', async () => {
    const [gone, other] = [await world.register('del-peer'), await world.register('del-left')];
    const open = await other.call('POST', '/conversations', { type: 'direct', participant_ids: [gone.id] });
    const directId = open.body.id as string;
    const mine = await send(other, directId, 'are you there?');
    const theirs = await send(gone, directId, 'for now');
    const attempts = () => [
      other.call('POST', `/conversations/${directId}/messages`, { content: 'hello?' }),
      other.call('PATCH', `/messages/${mine}`, { content: 'were you there?' }),
      other.call('PUT', `/messages/${theirs}/reactions/${encodeURIComponent('👍')}`),
    ];
    for (const { status } of await Promise.all(attempts())) expect(status).toBeLessThan(300);
    expect((await remove(gone, 'keep')).status).toBe(204);
    const refused = { status: 403, body: { error: { code: 'PERMISSION_DENIED' } } };
    for (const answer of await Promise.all(attempts())) expect(answer).toMatchObject(refused);
    await finish();
    for (const answer of await Promise.all(attempts())) expect(answer).toMatchObject(refused);
    const { body } = await other.call('GET', `/conversations/${directId}/messages`);
    expect((body.data as { content: string }[]).map(({ content }) => content).sort()).toEqual([
      'for now',
      'hello?',
      'were you there?',
    ]);
    // Their other conversations are unaffected.
    await send(other, await world.group(other, [await world.register('del-third')]), 'still here');
  });

  it.each<[string, object]>([
    ['a direct conversation', { type: 'direct' }],
    ['a group', { type: 'group', title: 'Too late' }],
  ])('excludes the account from %s that is created at the same moment', async (name, creation) => {
    const [gone, other] = [
      await world.register(`del-now-${name.at(-1)}`),
      await world.register(`del-opens-${name.at(-1)}`),
    ];
    const db = new pg.Client({ connectionString: world.database.url });
    await db.connect();
    const waiting = async (count: number): Promise<void> => {
      const ask = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      while ((await world.database.query(ask)).length < count) await setImmediate();
    };
    try {
      // The deletion waits before its commit; the request that creates the conversation sees nothing of it yet.
      await db.query('begin; lock table account_deletions in share mode');
      const deletion = remove(gone, 'keep');
      await waiting(1);
      const opening = other.call('POST', '/conversations', { ...creation, participant_ids: [gone.id] });
      await waiting(2);
      await db.query('commit');
      expect((await deletion).status).toBe(204);
      expect(await opening).toMatchObject({ status: 404, body: { error: { code: 'USER_NOT_FOUND' } } });
    } finally {
      await db.end();
    }
    const [left] = await world.database.query(`select count(*)::int as n from participants where user_id = $1`, [
      gone.id,
    ]);
    expect(left).toEqual({ n: 0 });
  });

  it('deletes stored idempotent responses of the account; those with texts of others are never stored', async () => {
    const [author, subject] = [await world.register('del-reporter'), await world.register('del-reported')];
    await world.group(author, [subject]);
    const kept = async (key: string): Promise<number> =>
      (await world.database.query('select from idempotency_keys where key = $1', [key])).length;
    const report = { target_type: 'user', target_id: subject.id, category: 'spam', comment: 'what I think of it' };
    const reported = await author.call('POST', '/reports', report, { 'idempotency-key': 'a-report' });
    expect(reported.status).toBe(201);
    expect(await kept('a-report')).toBe(1);
    const login = await world.call('POST', '/auth/login', { login: 'admin', password: world.config.adminPassword });
    const headers = { authorization: `Bearer ${login.body.access_token}`, 'idempotency-key': 'a-claim' };
    const claim = await world.call('POST', `/admin/reports/${reported.body.id}/claim`, undefined, headers);
    expect(claim.status).toBe(200);
    expect(await kept('a-claim')).toBe(0);
    expect((await remove(author, 'delete')).status).toBe(204);
    expect(await kept('a-report')).toBe(0);
  });

  it('deletes hundreds of messages in batches, and resumes after an interruption', async () => {
    const [author, reader] = [await world.register('prolific'), await world.register('listener')];
    const groupId = await world.group(author, [reader]);
    for (let i = 0; i < 250; i++) {
      await send(i % 5 === 0 ? reader : author, groupId, `word ${i}`);
    }
    await remove(author, 'delete');
    const log = world.get(EventLog);
    const write = log.write.bind(log);
    let batches = 0;
    const broken = jest.spyOn(log, 'write').mockImplementation((streamId, work) => {
      if (streamId === groupId && ++batches === 3) throw new Error('the process dies here');
      return write(streamId, work);
    });
    await expect(finish()).rejects.toThrow('dies');
    broken.mockRestore();
    const left = async (): Promise<number> => {
      const [row] = await world.database.query(
        `select count(*)::int as n from messages where sender_id = $1 and deleted_at is null`,
        [author.id],
      );
      return row!.n as number;
    };
    expect(await left()).toBe(100); // left the group, then one batch of a hundred
    await Promise.all([finish(), finish(), finish()]); // as when two workers run it at once
    expect(await left()).toBe(0);
    const [events] = await world.database.query(
      `select count(*)::int as n, count(distinct subject_id)::int as different from events
        where stream_id = $1 and type = 'message.deleted'`,
      [groupId],
    );
    expect(events).toEqual({ n: 200, different: 200 });
    const [kept] = await world.database.query(
      `select count(*)::int as n from messages where sender_id = $1 and deleted_at is null`,
      [reader.id],
    );
    expect(kept!.n).toBe(50);
  });

  it('completes beside logins of the same account without a deadlock', async () => {
    for (let cycle = 0; cycle < 10; cycle++) {
      const user = await world.register(`del-race-${cycle}`);
      const body = { username: `del-race-${cycle}`, password: user.password };
      const [removed, ...logins] = await Promise.all([
        remove(user, 'keep'),
        ...Array.from({ length: 6 }, () => world.call('POST', '/auth/login', body)),
      ]);
      expect(removed.status).toBe(204);
      expect(logins.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
      const [left] = await world.database.query(
        `select (select count(*)::int from sessions where user_id = $1 and revoked_at is null) as sessions,
                (select count(*)::int from known_devices where user_id = $1) as devices`,
        [user.id],
      );
      expect(left).toEqual({ sessions: 0, devices: 0 });
    }
  });

  it('requires a higher rank and a reason, and is recorded', async () => {
    const user = await world.register('del-target');
    const [moderator, peer] = [await world.user({ role: 'moderator' }), await world.user({ role: 'admin' })];
    expect((await remove(user, 'keep', moderator)).status).toBe(403);
    expect((await remove({ id: peer.userId }, 'keep')).status).toBe(403);
    expect((await remove({ id: admin.userId }, 'keep')).status).toBe(403);
    for (const body of [{}, { messages: 'keep' }, { reason: REASON }, { reason: REASON, messages: 'burn' }]) {
      expect((await admin.call('DELETE', `/admin/users/${user.id}`, body)).status).toBe(400);
    }
    expect((await remove(user, 'keep')).status).toBe(204);
    const { body } = await admin.call('GET', `/admin/audit-log?target_id=${user.id}`);
    expect(body.data).toMatchObject([
      { action: 'user.delete', actor_id: admin.userId, reason: REASON, after: { messages: 'keep' } },
    ]);
  });

  it('requires the password for the own account', async () => {
    const user = await world.register('del-self');
    const end = (password: string) => user.call('DELETE', '/users/me', { password, messages: 'anonymise' });
    expect((await end('not my password')).body.error.code).toBe('INVALID_CREDENTIALS');
    expect((await user.call('GET', '/users/me')).status).toBe(200);
    expect((await end(user.password)).status).toBe(204);
    expect((await user.call('GET', '/users/me')).status).toBe(401);
  });
});
