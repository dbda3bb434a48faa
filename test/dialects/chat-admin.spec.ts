import { type HttpResponse, request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const COUNT = expect.any(Number) as number;

describe('the admin routes of the chat dialect', () => {
  let world: World;
  let admin: string;
  let john: RegisteredUser;
  const ask = (token: string, method: string, path: string, body?: object): Promise<HttpResponse> =>
    request(method, world.url + path, { token, body });

  beforeAll(async () => {
    world = await World.start();
    john = await world.register('john');
    for (const name of ['mary', 'carl']) await world.register(name);
    const { body } = await request('POST', `${world.url}/users/login`, {
      body: { username_or_email: 'admin@example.com', password: 'correct horse battery staple' },
    });
    admin = body.access_token as string;
  });
  afterAll(() => world.stop());

  it('counts users, conversations and messages', async () => {
    const before = (await ask(admin, 'GET', '/admin/dashboard/stats')).body;
    await world.register('counted');
    await request('POST', `${world.url}/messages/`, {
      token: john.token,
      body: { chat_id: 'general', content: 'counted' },
    });
    const { status, body } = await ask(admin, 'GET', '/admin/dashboard/stats');
    expect([status, body]).toEqual([
      200,
      {
        total_users: before.total_users + 1,
        active_users: COUNT,
        online_users: COUNT,
        banned_users: 0,
        new_users_today: before.new_users_today + 1,
        users_by_role: { ...before.users_by_role, user: before.users_by_role.user + 1 },
        total_chats: 1,
        chats_by_type: { room: 1 },
        total_messages: before.total_messages + 1,
        messages_today: COUNT,
        total_files: 0,
        storage_used: 0,
        active_connections: COUNT,
        timestamp: TIME,
      },
    ]);
  });

  it('reports the health of the system as the canonical route does', async () => {
    const { status, body } = await ask(admin, 'GET', '/admin/system/health');
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ status: 'healthy', timestamp: TIME, components: expect.any(Object) }),
    ]);
    expect(body.components.database.status).toBe('healthy');
  });

  describe('GET /admin/users', () => {
    const names = async (query: string): Promise<string[]> =>
      ((await ask(admin, 'GET', `/admin/users?${query}`)).body.users as AnyJson[]).map(({ username }) => username);

    it('returns pages, newest first, with the total', async () => {
      for (const name of ['paged1', 'paged2', 'paged3', 'paged4']) await world.register(name);
      const { status, body } = await ask(admin, 'GET', '/admin/users?search=paged&skip=1&limit=2');
      expect([status, body.total, body.skip, body.limit]).toEqual([200, 4, 1, 2]);
      expect(body.users).toMatchObject([
        { username: 'paged3', email: 'paged3@example.com', role: 'user', status: 'active', ban: null },
        { username: 'paged2' },
      ]);
      expect((await ask(admin, 'GET', '/admin/users?search=paged&skip=9')).body).toMatchObject({ users: [], total: 4 });
    });

    it('searches by name and email, literally', async () => {
      expect(await names('search=JOH')).toEqual(['john']);
      expect(await names('search=carl@example.com')).toEqual(['carl']);
      expect(await names('search=%25')).toEqual([]);
    });

    it('filters by role and by status of the account or of its presence', async () => {
      expect(await names('role_filter=admin')).toHaveLength(1);
      expect(await names('role_filter=user&search=ar')).toEqual(['carl', 'mary']);
      expect(await names('status_filter=active')).toEqual(expect.arrayContaining(['carl', 'mary', 'john']));
      expect(await names('status_filter=deleted')).toEqual([]);
      const socket = await john.webSocket();
      await socket.first(({ type, data }) => type === 'presence.changed' && data.status === 'online');
      expect(await names('status_filter=online')).toEqual(['john']);
      expect(await names('status_filter=offline&search=ar')).toEqual(['carl', 'mary']);
      const wrong = await ask(admin, 'GET', '/admin/users?status_filter=asleep');
      expect([wrong.status, wrong.body.code]).toEqual([400, 'VALIDATION_ERROR']);
    });
  });

  it('bans and unbans a user without a body', async () => {
    const troll = await world.register('troll');
    const banned = await ask(admin, 'POST', `/admin/users/${troll.id}/ban`);
    expect([banned.status, banned.body]).toEqual([
      200,
      { message: 'User banned', user_id: troll.id, status: 'banned' },
    ]);
    const refused = await ask(troll.token, 'GET', '/users/me');
    expect([refused.status, refused.body.error]).toEqual([403, true]);
    const { body: listed } = await ask(admin, 'GET', '/admin/users?status_filter=banned');
    expect(listed).toMatchObject({
      total: 1,
      users: [{ id: troll.id, status: 'banned', ban: { reason: 'No reason given' } }],
    });
    const unbanned = await ask(admin, 'POST', `/admin/users/${troll.id}/unban`);
    expect([unbanned.status, unbanned.body.status]).toEqual([200, 'active']);
    const login = await request('POST', `${world.url}/users/login`, {
      body: { username_or_email: 'troll', password: troll.password },
    });
    expect(login.status).toBe(200);
  });

  it('accepts a reason and an end of a ban', async () => {
    const { id } = await world.register('spammer');
    const until = '2999-01-01T00:00:00Z';
    expect((await ask(admin, 'POST', `/admin/users/${id}/ban`, { reason: 'Spam', until })).status).toBe(200);
    const { body } = await ask(admin, 'GET', '/admin/users?search=spammer');
    expect(body.users[0].ban).toEqual({ reason: 'Spam', at: TIME, until: '2999-01-01T00:00:00.000Z' });
    const { status, body: refused } = await ask(admin, 'POST', `/admin/users/${id}/ban`, { reason: 7 });
    expect([status, refused.code]).toEqual([400, 'VALIDATION_ERROR']);
  });

  it('refuses users who are not admins', async () => {
    for (const [method, path] of [
      ['GET', '/admin/dashboard/stats'],
      ['GET', '/admin/users'],
      ['GET', '/admin/system/health'],
      ['POST', `/admin/users/${john.id}/ban`],
      ['POST', `/admin/users/${john.id}/unban`],
    ] as const) {
      const { status, body } = await ask(john.token, method, path);
      expect([path, status, body.code]).toEqual([path, 403, 'AUTHORIZATION_ERROR']);
      expect((await request(method, world.url + path)).status).toBe(401);
    }
  });
});
