import { UserRoleChanged } from '../../src/modules/users/users.events.js';
import { UserAdministration } from '../../src/modules/users/user-administration.service.js';
import { DomainEvents } from '../../src/platform/event-log/domain-events.js';
import { Authenticator } from '../../src/platform/identity/authenticator.js';
import { Connections } from '../../src/platform/realtime/connection/connections.js';
import { SessionReconciler } from '../../src/platform/realtime/connection/session-reconciler.js';
import { request } from '../support/client/http.js';
import type { RealtimeClient } from '../support/client/realtime-client.js';
import { TRANSPORTS } from '../support/client/socket-io.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const PASSWORD = 'correct horse battery';

describe.each(TRANSPORTS)('a live connection over %s', (_transport, connect) => {
  let chat: TestApp;
  let count = 0;
  beforeAll(async () => {
    chat = await startTestApp();
  });
  afterAll(() => chat.close());

  async function post<T>(path: string, body?: object, token?: string): Promise<T> {
    const response = await request('POST', `${chat.url}/api/v1${path}`, { token, body });
    if (response.status >= 300) throw new Error(`${path}: ${response.status} ${JSON.stringify(response.body)}`);
    return response.body as T;
  }

  async function login(username: string): Promise<{ token: string; refresh: string; userId: string }> {
    const answer = await post<{ access_token: string; refresh_token: string; user: { id: string } }>('/auth/login', {
      username,
      password: PASSWORD,
    });
    return { token: answer.access_token, refresh: answer.refresh_token, userId: answer.user.id };
  }

  /** A user who is logged in twice, with a live connection of each session. */
  async function twoDevices() {
    const username = `user${++count}`;
    await post('/auth/register', { email: `${username}@example.com`, username, password: PASSWORD });
    const [first, second] = [await login(username), await login(username)];
    const [here, there] = [await live(first.token), await live(second.token)];
    return { userId: first.userId, first, second, here, there };
  }

  async function live(token: string): Promise<RealtimeClient> {
    const client = connect(Number(new URL(chat.url).port), token);
    await client.first('live');
    return client;
  }

  it('follows the system role of its user, even without a notification', async () => {
    const { userId, here, there } = await twoDevices();
    const roleOf = () =>
      chat.app
        .get(Connections)
        .knownRoles()
        .find((known) => known.userId === userId)?.role;
    chat.app.get(DomainEvents).publish(new UserRoleChanged(userId, 'moderator'));
    expect(roleOf()).toBe('moderator');
    await chat.database.query(`update users set role = 'user' where id = $1`, [userId]);
    expect(roleOf()).toBe('moderator');
    await chat.app.get(SessionReconciler).reconcile();
    expect(roleOf()).toBe('user');
    here.close();
    there.close();
  });

  it('ends with the logout of its own session only', async () => {
    const { first, here, there } = await twoDevices();
    await post('/auth/logout', undefined, first.token);
    expect((await here.closed).code).toBe(4401);
    expect(await there.first('session.revoked')).toMatchObject({ data: { reason: 'logout' } });
    expect(await there.request('ping')).toMatchObject({ ok: true });
    there.close();
  });

  it('ends with logout-all', async () => {
    const { first, here, there } = await twoDevices();
    await post('/auth/logout-all', undefined, first.token);
    await Promise.all([here.closed, there.closed]);
  });

  it('ends with a change of the password, except in the session that changed it', async () => {
    const { first, here, there } = await twoDevices();
    await post('/auth/password', { current_password: PASSWORD, new_password: 'staple battery horse 42' }, first.token);
    await there.closed;
    expect(await here.request('ping')).toMatchObject({ ok: true });
    here.close();
  });

  it('ends when its refresh token is reused', async () => {
    const { first, here, there } = await twoDevices();
    const { refresh_token: next } = await post<{ refresh_token: string }>('/auth/refresh', {
      refresh_token: first.refresh,
    });
    await post('/auth/refresh', { refresh_token: next });
    await expect(post('/auth/refresh', { refresh_token: first.refresh })).rejects.toThrow('401');
    await here.closed;
    there.close();
  });

  it('ends with a ban, after which none can be opened', async () => {
    const { userId, first, here, there } = await twoDevices();
    const admin = await post<{ access_token: string }>('/auth/login', {
      username: 'admin',
      password: chat.config.adminPassword,
    });
    const authenticator = chat.app.get(Authenticator, { strict: false });
    const actor = await authenticator.authenticate(admin.access_token);
    await chat.app.get(UserAdministration, { strict: false }).ban(actor, userId, { reason: 'spam', until: null });
    await Promise.all([here.closed, there.closed]);
    await expect(authenticator.authenticate(first.token)).rejects.toMatchObject({ code: 'ACCOUNT_BANNED' });
  });
});
