import { SYSTEM_USER_ID } from '../../src/modules/users/system-user.constants.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import { SessionReconciler } from '../../src/platform/realtime/connection/session-reconciler.js';
import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const REASON = 'because of a test';

describe('the accounts in the admin API', () => {
  let world: World;
  let admin: User;

  beforeAll(async () => {
    // Without the session reconciler, connections close only if the process is notified.
    jest.spyOn(SessionReconciler.prototype, 'reconcile').mockResolvedValue();
    world = await World.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(async () => {
    await world.stop();
    jest.restoreAllMocks();
  });

  const act = (actor: User, path: string, body: object = { reason: REASON }): Promise<HttpResponse> =>
    actor.call('POST', `/admin/users/${path}`, body);
  const codeOf = ({ status, body }: HttpResponse): string => `${status} ${String(body?.error?.code)}`;
  const audited = async (targetId: string): Promise<Record<string, unknown>[]> =>
    (await admin.call('GET', `/admin/audit-log?target_id=${targetId}`)).body.data as Record<string, unknown>[];

  describe('GET /admin/users', () => {
    it('lists all accounts in pages, newest first', async () => {
      await world.users(5);
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: HttpResponse = await admin.call('GET', `/admin/users?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
        expect(page.status).toBe(200);
        seen.push(...(page.body.data as { id: string }[]).map(({ id }) => id));
        cursor = page.body.next_cursor as string | null;
      } while (cursor);
      const all = await world.database.query('select id from users where id <> $1 order by id desc', [SYSTEM_USER_ID]);
      expect(seen).toEqual(all.map(({ id }) => id as string));
    });

    it.each(['Zoë', 'zoe', 'ZO', 'zoe-kra', 'zoe@mail.ex', '%oe'])(
      'finds by a part of the name or email: %s',
      async (search) => {
        const zoe = await world.user();
        await world.database.query(
          `update users set username = $2, email = $3, display_name = 'Zoë Kraft', folded_name = 'zoe kraft' where id = $1`,
          [zoe.userId, `zoe-kraft-${zoe.userId.slice(-4)}`, `zoe@mail.example-${zoe.userId.slice(-6)}.org`],
        );
        const { body } = await admin.call('GET', `/admin/users?search=${encodeURIComponent(search)}`);
        const found = (body.data as { id: string }[]).some(({ id }) => id === zoe.userId);
        expect(found).toBe(search !== '%oe'); // a percent sign is literal
      },
    );

    it('filters by status and role', async () => {
      const [teacher, banned] = [await world.user({ role: 'teacher' }), await world.user()];
      await act(admin, `${banned.userId}/ban`);
      const ids = async (query: string): Promise<string[]> =>
        ((await admin.call('GET', `/admin/users?limit=100&${query}`)).body.data as { id: string }[]).map(
          ({ id }) => id,
        );
      expect(await ids('role=teacher')).toEqual([teacher.userId]);
      expect(await ids('status=banned')).toEqual([banned.userId]);
      expect(await ids('status=banned&role=teacher')).toEqual([]);
      expect(await ids('status=active')).not.toContain(banned.userId);
      expect(await ids('status=deleted')).toEqual([]);
    });

    it('rejects invalid filters, cursors and numbers', async () => {
      for (const query of ['status=gone', 'role=king', 'cursor=x', 'limit=0', 'limit=1e2', 'skip=3']) {
        expect(codeOf(await admin.call('GET', `/admin/users?${query}`))).toBe('400 VALIDATION_ERROR');
      }
    });
  });

  it('returns an account with its sessions, counts and recent activity, and no message content', async () => {
    const [ana, bo] = await world.users(2);
    const groupId = await world.group(ana, [bo]);
    await ana.call('POST', `/conversations/${groupId}/messages`, { content: 'between us' });
    const { status, body } = await admin.call('GET', `/admin/users/${ana.userId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: ana.userId, status: 'active', role: 'user', ban: null, deleted_at: null });
    expect(body.counts).toEqual({ conversations: 1, files: 0, file_bytes: 0, webhooks: 0, blocked_by: 0 });
    expect((body.sessions as { id: string }[]).map(({ id }) => id)).toEqual([ana.sessionId]);
    expect(body.activity).toContainEqual(expect.objectContaining({ type: 'conversation.joined', subject_id: groupId }));
    expect(JSON.stringify(body)).not.toContain('between us');
    const unknown = await admin.call('GET', '/admin/users/01890000-0000-7000-8000-000000000000');
    expect(codeOf(unknown)).toBe('404 USER_NOT_FOUND');
  });

  describe('a ban', () => {
    it('closes live connections, refuses all requests, and can be lifted', async () => {
      const mallory = await world.user();
      const socket = await mallory.webSocket();
      const until = new Date(Date.now() + 3_600_000).toISOString();
      expect((await act(admin, `${mallory.userId}/ban`, { reason: REASON, until })).status).toBe(204);
      await socket.closed;
      const refused = await mallory.call('PATCH', '/users/me', { location: 'still here' });
      expect(codeOf(refused)).toBe('403 ACCOUNT_BANNED');
      expect(refused.body.error.details).toEqual({ reason: REASON, until });
      const { body } = await admin.call('GET', `/admin/users/${mallory.userId}`);
      expect(body).toMatchObject({ status: 'banned', ban: { reason: REASON, until } });
      expect((await act(admin, `${mallory.userId}/unban`)).status).toBe(204);
      expect((await mallory.call('GET', '/users/me')).status).toBe(200);
      expect((await audited(mallory.userId)).map(({ action }) => action)).toEqual(['user.unban', 'user.ban']);
    });

    it('requires a higher rank: not oneself, equals or superiors', async () => {
      const [moderator, other, peer, user] = [
        await world.user({ role: 'moderator' }),
        await world.user({ role: 'moderator' }),
        await world.user({ role: 'admin' }),
        await world.user(),
      ];
      for (const [actor, target] of [
        [moderator, other],
        [moderator, admin],
        [moderator, moderator],
        [admin, admin],
        [admin, peer],
        [user, other],
      ] as const) {
        expect(codeOf(await act(actor, `${target.userId}/ban`))).toBe('403 PERMISSION_DENIED');
        expect(await audited(target.userId)).toEqual([]);
      }
      expect((await act(moderator, `${user.userId}/ban`)).status).toBe(204);
    });

    it.each([
      ['no reason', {}],
      ['an empty reason', { reason: '' }],
      ['an invisible reason', { reason: ' \u200b ' }],
      ['an end in the past', { reason: REASON, until: '2020-01-01T00:00:00Z' }],
      ['an end that is not a time', { reason: REASON, until: 'tomorrow' }],
      ['an unknown field', { reason: REASON, is_banned: true }],
    ])('is rejected with %s', async (_what, body) => {
      const user = await world.user();
      expect(codeOf(await act(admin, `${user.userId}/ban`, body))).toBe('400 VALIDATION_ERROR');
    });
  });

  describe('a ban from one conversation', () => {
    it('removes the participant through the event log, prevents adding them again, and affects nothing else', async () => {
      const [ana, bo, cid] = await world.users(3);
      const groupId = await world.group(ana, [bo], { settings: { allow_invites: true } });
      await ana.call('POST', `/conversations/${groupId}/participants`, { user_ids: [cid.userId] });
      const socket = await ana.webSocket();
      const ban = { reason: REASON, conversation_id: groupId };
      expect((await act(admin, `${bo.userId}/ban`, ban)).status).toBe(204);
      expect(await socket.first('participant.left')).toMatchObject({
        data: { user_id: bo.userId, reason: 'removed' },
      });
      socket.close();
      const send = (who: User): Promise<HttpResponse> =>
        who.call('POST', `/conversations/${groupId}/messages`, { content: 'hello' });
      expect(codeOf(await send(bo))).toBe('403 PERMISSION_DENIED');
      const add = (by: User): Promise<HttpResponse> =>
        by.call('POST', `/conversations/${groupId}/participants`, { user_ids: [bo.userId] });
      for (const by of [ana, cid, admin]) expect(codeOf(await add(by))).toBe('403 PERMISSION_DENIED');
      expect((await bo.call('GET', '/users/me')).status).toBe(200);
      const { body } = await admin.call('GET', `/admin/users/${bo.userId}`);
      expect(body).toMatchObject({ status: 'active', conversation_bans: [{ conversation_id: groupId, until: null }] });
      expect((await act(admin, `${bo.userId}/unban`, ban)).status).toBe(204);
      expect((await add(ana)).status).toBe(201);
      expect((await send(bo)).status).toBe(201);
      expect((await audited(groupId)).map(({ action }) => action)).toEqual([
        'conversation.unban_user',
        'conversation.ban_user',
      ]);
    });

    it('prevents joining a room until it ends', async () => {
      const [ana, bo] = await world.users(2);
      const roomId = await world.group(ana, [], { type: 'room', title: 'A room' });
      const until = new Date(Date.now() + 60_000).toISOString();
      await act(admin, `${bo.userId}/ban`, { reason: REASON, conversation_id: roomId, until });
      expect(codeOf(await bo.call('POST', `/conversations/${roomId}/join`))).toBe('403 PERMISSION_DENIED');
      await world.database.query('update conversation_bans set banned_until = now() where user_id = $1', [bo.userId]);
      expect((await bo.call('POST', `/conversations/${roomId}/join`)).status).toBe(200);
    });

    it('transfers the ownership of an owner, and is rejected for direct conversations', async () => {
      const [ana, bo] = await world.users(2);
      const groupId = await world.group(ana, [bo]);
      await act(admin, `${ana.userId}/ban`, { reason: REASON, conversation_id: groupId });
      const { body } = await bo.call('GET', `/conversations/${groupId}`);
      expect(body.participants).toMatchObject([{ user_id: bo.userId, role: 'owner' }]);
      const direct = await ana.call('POST', '/conversations', {
        type: 'direct',
        participant_ids: [bo.userId],
      });
      const answer = await act(admin, `${ana.userId}/ban`, { reason: REASON, conversation_id: direct.body.id });
      expect(codeOf(answer)).toBe('409 DIRECT_CONVERSATION_FIXED');
    });
  });

  describe('a change of the system role', () => {
    it('takes effect at once, on live connections too, and is recorded with both roles', async () => {
      const cleo = await world.user({ role: 'admin' });
      expect((await cleo.call('GET', '/admin/users')).status).toBe(200);
      const change = { role: 'user', reason: REASON };
      const { status, body } = await admin.call('PATCH', `/admin/users/${cleo.userId}`, change);
      expect({ status, role: body.role }).toEqual({ status: 200, role: 'user' });
      expect(codeOf(await cleo.call('GET', '/admin/users'))).toBe('403 PERMISSION_DENIED');
      const [entry] = await audited(cleo.userId);
      expect(entry).toMatchObject({
        action: 'user.update',
        actor_id: admin.userId,
        actor_role: 'admin',
        reason: REASON,
        before: { role: 'admin' },
        after: { role: 'user' },
      });
    });

    it('accepts profile fields with the rules for users', async () => {
      const dora = await world.user();
      const path = `/admin/users/${dora.userId}`;
      const { body } = await admin.call('PATCH', path, { display_name: 'Dora', bio: '', reason: REASON });
      expect(body).toMatchObject({ display_name: 'Dora', profile: { bio: '' } });
      const bad = await admin.call('PATCH', path, { display_name: '\u200b', reason: REASON });
      expect(codeOf(bad)).toBe('400 VALIDATION_ERROR');
      const more = await admin.call('PATCH', path, { email: 'x@example.com', reason: REASON });
      expect(codeOf(more)).toBe('400 VALIDATION_ERROR');
    });

    it('succeeds for only one of two admins who demote each other at once', async () => {
      const [one, other] = [await world.user({ role: 'admin' }), await world.user({ role: 'admin' })];
      const administration = world.get(UserAdministration);
      for (let cycle = 0; cycle < 10; cycle++) {
        await world.database.query(`update users set role = 'admin' where id = any($1)`, [[one.userId, other.userId]]);
        const tries = await Promise.allSettled([
          administration.update(one, other.userId, { role: 'user' }, REASON),
          administration.update(other, one.userId, { role: 'user' }, REASON),
        ]);
        expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      }
    });

    it('returns the updated account to an admin who demotes themselves', async () => {
      const leaving = await world.user({ role: 'admin' });
      const path = `/admin/users/${leaving.userId}`;
      const answer = await leaving.call('PATCH', path, { role: 'user', reason: REASON });
      expect([answer.status, answer.body.role]).toEqual([200, 'user']);
      expect(codeOf(await leaving.call('GET', path))).toBe('403 PERMISSION_DENIED');
    });

    it('is refused for the last admin, even when the last two demote each other at once', async () => {
      const there = await World.start();
      try {
        const admins = [await there.user({ role: 'admin' }), await there.user({ role: 'admin' })];
        await there.database.query(`update users set role = 'user' where username = 'admin'`);
        const administration = there.get(UserAdministration);
        for (let cycle = 0; cycle < 10; cycle++) {
          await there.database.query(`update users set role = 'admin' where id = any($1)`, [
            admins.map(({ userId }) => userId),
          ]);
          const tries = await Promise.allSettled([
            administration.update(admins[0]!, admins[1]!.userId, { role: 'user' }, REASON),
            administration.update(admins[1]!, admins[0]!.userId, { role: 'user' }, REASON),
          ]);
          expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        }
        const [left] = await there.database.query(`select id from users where role = 'admin'`);
        const last = admins.find(({ userId }) => userId === left!.id)!;
        const answer = await last
          .at(there)
          .call('PATCH', `/admin/users/${last.userId}`, { role: 'user', reason: REASON });
        expect(codeOf(answer)).toBe('409 LAST_ADMIN');
      } finally {
        await there.stop();
      }
    });
  });

  it('ends all sessions of a user with POST /admin/users/:id/logout', async () => {
    const eve = await world.user();
    const socket = await eve.webSocket();
    const { status, body } = await act(admin, `${eve.userId}/logout`);
    expect({ status, body }).toEqual({ status: 200, body: { sessions_ended: 1 } });
    await socket.closed;
    expect(codeOf(await eve.call('GET', '/users/me'))).toBe('401 AUTHENTICATION_REQUIRED');
    expect((await audited(eve.userId)).map(({ action }) => action)).toEqual(['user.logout']);
  });

  describe('GET /admin/conversations', () => {
    it('finds by title, slug and type, with the size and no message content', async () => {
      const [ana, bo] = await world.users(2);
      const groupId = await world.group(ana, [bo], { title: 'Cats & 100% dogs' });
      await world.group(ana, [], { type: 'room', title: 'Kitchen', slug: 'cats-and-cooking' });
      await ana.call('POST', `/conversations/${groupId}/messages`, { content: 'meow' });
      const list = async (query: string): Promise<HttpResponse['body']> =>
        (await admin.call('GET', `/admin/conversations?${query}`)).body;
      expect((await list('search=CATS')).data).toHaveLength(2);
      expect((await list('search=100%25')).data).toMatchObject([
        { id: groupId, type: 'group', participant_count: 2, message_count: 1, created_by: ana.userId },
      ]);
      expect((await list('search=cats&type=room')).data).toMatchObject([{ title: 'Kitchen', participant_count: 1 }]);
      expect(JSON.stringify(await list(''))).not.toContain('meow');
      const first = await list('limit=1');
      const second = await list(`limit=1&cursor=${first.next_cursor}`);
      expect(first.data[0].id > second.data[0].id).toBe(true);
    });

    it('refuses users who are not admins', async () => {
      const answer = await (await world.user({ role: 'moderator' })).call('GET', '/admin/conversations');
      expect(codeOf(answer)).toBe('403 PERMISSION_DENIED');
    });
  });
});
