import { ServerKeyAuthenticator } from '../../src/modules/auth/server-key-authenticator.js';
import { SYSTEM_USER_ID } from '../../src/modules/users/system-user.constants.js';
import { PresenceLeases } from '../../src/modules/presence/presence-leases.js';
import type { Scope } from '../../src/platform/identity/server-key.js';
import { Connections } from '../../src/platform/realtime/connection/connections.js';
import { SessionReconciler } from '../../src/platform/realtime/connection/session-reconciler.js';
import { ApiClient } from '../support/client/api-client.js';
import { SocketIoClient } from '../support/client/socket-io.js';
import { WebSocketClient } from '../support/client/web-socket.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const NOT_A_KEY = 'psk_00000000-0000-7000-8000-00000000000a_';

describe('server keys', () => {
  let world: World;
  let admin: User;
  beforeAll(async () => {
    world = await World.start();
    admin = await world.user({ role: 'admin' });
  });
  afterAll(() => world?.stop());

  /** A backend of the host with a key of these scopes. */
  async function backend(...scopes: Scope[]): Promise<ApiClient & { id: string }> {
    const { body } = await admin.call('POST', '/admin/keys', { name: 'shop', scopes });
    return Object.assign(new ApiClient(world.url, body.secret as string), { id: body.id as string });
  }

  const as = (user: string): Record<string, string> => ({ 'x-act-as': user });

  describe('POST /admin/keys', () => {
    it('creates a key whose secret only this response contains', async () => {
      const { status, body } = await admin.call('POST', '/admin/keys', { name: 'shop ', scopes: ['users:read'] });
      expect(status).toBe(201);
      expect(body).toMatchObject({ name: 'shop', kind: 'server', scopes: ['users:read'], expires_at: null });
      expect(body.secret).toMatch(new RegExp(`^psk_${body.id}_[\\w-]{43}$`));
      const stored = JSON.stringify(await world.database.query('select k.* from server_keys k'));
      expect(stored).not.toContain(body.secret.slice(-43));
      expect(JSON.stringify((await admin.call('GET', '/admin/keys')).body)).not.toContain(body.secret.slice(-43));
    });

    it('creates a key that signs tokens, which no request may carry', async () => {
      const { body } = await admin.call('POST', '/admin/keys', { name: 'signer', kind: 'signing' });
      expect(body).toMatchObject({ kind: 'signing', scopes: [] });
      const guess = new ApiClient(world.url, `psk_${body.id}_${body.secret}`);
      expect((await guess.call('GET', '/users')).status).toBe(401);
    });

    it.each([
      ['no scope', { name: 'a', scopes: [] }, 'scopes'],
      ['an unknown scope', { name: 'a', scopes: ['users:read', 'root'] }, 'scopes'],
      ['a scope for a key that signs', { name: 'a', kind: 'signing', scopes: ['users:read'] }, 'scopes'],
      ['an invisible name', { name: '\u200b', scopes: ['users:read'] }, 'name'],
      ['an end in the past', { name: 'a', scopes: ['users:read'], expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ])('rejects %s', async (_what, input, field) => {
      const { status, body } = await admin.call('POST', '/admin/keys', input);
      expect(status).toBe(400);
      expect(body.error.details.errors.map((problem: { field: string }) => problem.field)).toEqual([field]);
    });

    it('is for admins only, and never for a key', async () => {
      const moderator = await world.user({ role: 'moderator' });
      const key = await backend('admin:read', 'moderation', 'act-as');
      for (const caller of [await world.user(), moderator, key]) {
        const { status } = await caller.call('POST', '/admin/keys', { name: 'a', scopes: ['users:read'] });
        expect(status).toBe(403);
      }
      const { status } = await key.call('POST', '/admin/keys', { name: 'a', scopes: ['users:read'] }, as(admin.id));
      expect(status).toBe(403);
    });

    it('stops at 1,000 keys', async () => {
      await world.database.query(
        `insert into server_keys (id, name, secret_hash) select gen_random_uuid(), 'one of many', '' from generate_series(1, 1000)`,
      );
      const { status, body } = await admin.call('POST', '/admin/keys', { name: 'a', scopes: ['users:read'] });
      expect([status, body.error.code, body.error.details]).toEqual([409, 'TOO_MANY_SERVER_KEYS', { limit: 1000 }]);
      await world.database.query(`delete from server_keys where name = 'one of many'`);
    });
  });

  describe('a request with a key', () => {
    it('may call the routes of its scopes, and no other', async () => {
      const key = await backend('users:read');
      expect((await key.call('GET', `/users/${admin.id}`)).status).toBe(200);
      const refused = await key.call('GET', '/admin/stats');
      expect([refused.status, refused.body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
      expect(refused.body.error.details).toEqual({ required_scope: 'admin:read' });
      const closed = await key.call('GET', '/users/me');
      expect([closed.status, closed.body.error.code, closed.body.error.details]).toEqual([
        403,
        'PERMISSION_DENIED',
        {},
      ]);
    });

    it('is refused with a wrong secret, an unknown id or after its end', async () => {
      const key = await backend('users:read');
      const wrong = key.token!.slice(0, -43) + 'x'.repeat(43);
      for (const token of [wrong, NOT_A_KEY + 'x'.repeat(43), 'psk_', `${key.token}x`]) {
        expect((await new ApiClient(world.url, token).call('GET', '/users')).status).toBe(401);
      }
      const soon = new Date(Date.now() + 60_000).toISOString();
      const { body } = await admin.call('POST', '/admin/keys', { name: 'a', scopes: ['users:read'], expires_at: soon });
      await world.database.query(`update sessions set expires_at = now() where id = $1`, [body.id]);
      expect((await new ApiClient(world.url, body.secret).call('GET', '/users')).status).toBe(401);
    });

    it('counts in a class of its own, whichever route it calls', async () => {
      const key = await backend('users:read', 'act-as');
      const { headers } = await key.call('GET', '/users');
      expect(Number(headers.get('x-ratelimit-limit'))).toBe(1000 * world.config.rateLimitMultiplier);
      const remaining = Number(headers.get('x-ratelimit-remaining'));
      const next = await key.call('GET', `/users/${admin.id}`);
      expect(Number(next.headers.get('x-ratelimit-remaining'))).toBe(remaining - 1);
    });

    it('is listed with the time and the IP address of its last use', async () => {
      const key = await backend('users:read');
      const find = async () =>
        (await admin.call('GET', '/admin/keys')).body.data.find(({ id }: { id: string }) => id === key.id);
      expect(await find()).toMatchObject({ last_used_at: null, last_used_ip: null });
      await key.call('GET', '/users');
      await world.get(ServerKeyAuthenticator).settled();
      expect(await find()).toMatchObject({ last_used_at: expect.any(String), last_used_ip: '127.0.0.1' });
    });

    it('opens neither a ticket nor a session of the user as whom it acts', async () => {
      const [key, ann] = [await backend('act-as'), await world.user()];
      for (const path of ['/auth/ticket', '/auth/logout']) {
        expect((await key.call('POST', path, undefined, as(ann.id))).status).toBe(403);
      }
    });
  });

  describe('GET /files/{id} with a key', () => {
    it('returns a file of any conversation with the scope messages:read', async () => {
      const [reader, writer] = [await backend('messages:read'), await backend('files:write')];
      const [ann, bo] = await world.users(2);
      const form = new FormData();
      form.set('file', new Blob(['a note'], { type: 'text/plain' }), 'note.txt');
      const { body: file } = await ann.request('POST', '/api/v1/files', { body: form });
      expect((await reader.call('GET', `/files/${file.id}`)).body).toMatchObject({ id: file.id });
      expect((await bo.call('GET', `/files/${file.id}`)).status).toBe(404);
      expect((await writer.call('GET', `/files/${file.id}`)).status).toBe(403);
      expect((await writer.call('DELETE', `/files/${file.id}`)).status).toBe(404);
    });
  });

  describe('GET /search/messages with a key', () => {
    it('finds messages of the conversation that it names, or of the user as whom it acts', async () => {
      const [reader, writer] = [await backend('messages:read', 'act-as'), await backend('messages:write')];
      const [ann, bo] = await world.users(2);
      const group = await world.group(ann, []);
      await ann.call('POST', `/conversations/${group}/messages`, { content: 'a marmot' });
      const path = `/search/messages?q=marmot`;
      expect((await reader.call('GET', `${path}&conversation_id=${group}`)).body.data).toMatchObject([
        { content: 'a marmot' },
      ]);
      expect((await reader.call('GET', path, undefined, as(ann.id))).body.data).toHaveLength(1);
      expect((await reader.call('GET', path, undefined, as(bo.id))).body.data).toEqual([]);
      const { status, body } = await reader.call('GET', path);
      expect([status, body.error.details.errors[0].field]).toEqual([400, 'conversation_id']);
      expect((await writer.call('GET', `${path}&conversation_id=${group}`)).status).toBe(403);
    });
  });

  describe('a request with X-Act-As', () => {
    it('is made as that user', async () => {
      const [key, ann, bo] = [await backend('act-as'), ...(await world.users(2))] as const;
      const { body: me } = await key.call('GET', '/users/me', undefined, as(ann.id));
      expect(me).toMatchObject({ id: ann.id, username: ann.username });
      const group = await world.group(bo);
      const { status, body } = await key.call('GET', `/conversations/${group}`, undefined, as(ann.id));
      expect([status, body.error.code]).toEqual([403, 'PERMISSION_DENIED']);
      const ours = await world.group(ann, [bo]);
      const sent = await key.call('POST', `/conversations/${ours}/messages`, { content: 'hello' }, as(ann.id));
      expect([sent.status, sent.body.sender_id]).toEqual([201, ann.id]);
    });

    it('names the user by the id in the host product, too', async () => {
      const [key, ann] = [await backend('act-as'), await world.user()];
      await world.database.query('update users set external_id = $2 where id = $1', [ann.id, 'kunde/ö 7']);
      const { body } = await key.call('GET', '/users/me', undefined, as(`external:${encodeURIComponent('kunde/ö 7')}`));
      expect(body.id).toBe(ann.id);
      const unknown = await key.call('GET', '/users/me', undefined, as('external:unknown'));
      expect([unknown.status, unknown.body.error.code]).toEqual([404, 'USER_NOT_FOUND']);
    });

    it.each(['', 'ann', 'external:', 'external:%zz', 'external:%00', '00000000-0000-7000-8000-00000000000'])(
      'rejects %p',
      async (user) => {
        const key = await backend('act-as');
        const { status, body } = await key.call('GET', '/users/me', undefined, as(user));
        expect([status, body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
      },
    );

    it('needs the scope act-as, and a key', async () => {
      const [key, ann] = [await backend('users:read'), await world.user()];
      const refused = await key.call('GET', '/users/me', undefined, as(ann.id));
      expect([refused.status, refused.body.error.details]).toEqual([403, { required_scope: 'act-as' }]);
      // The first request of a token is verified by Passport, the second one is not.
      for (let time = 0; time < 2; time++) {
        const { status } = await (await world.user()).call('GET', '/users/me', undefined, as(ann.id));
        expect(status).toBe(403);
      }
    });

    it('does not make a key an admin, the system account or a guest', async () => {
      const key = await backend('act-as', 'moderation', 'admin:read');
      const guest = '00000000-0000-7000-8000-000000000001';
      for (const id of [admin.id, SYSTEM_USER_ID, guest]) {
        expect((await key.call('GET', '/users/me', undefined, as(id))).status).toBe(403);
      }
    });

    it('makes a key a moderator only with the scope moderation', async () => {
      const moderator = await world.user({ role: 'moderator' });
      const without = await (await backend('act-as')).call('GET', '/users/me', undefined, as(moderator.id));
      expect([without.status, without.body.error.details]).toEqual([403, { required_scope: 'moderation' }]);
      const key = await backend('act-as', 'moderation');
      expect((await key.call('GET', '/admin/reports', undefined, as(moderator.id))).status).toBe(200);
    });

    it('ends with the ban of the user, and their promotion to admin counts under the lock at once', async () => {
      const [key, ann, bo] = [await backend('act-as'), ...(await world.users(2))] as const;
      await key.call('GET', '/users/me', undefined, as(ann.id));
      await world.database.query(`update users set role = 'admin' where id = $1`, [ann.id]);
      const { status } = await key.call('PATCH', '/users/me', { bio: 'x' }, as(ann.id));
      expect(status).toBe(403);
      expect((await admin.call('POST', `/admin/users/${bo.id}/ban`, { reason: 'spam' })).status).toBe(204);
      const banned = await key.call('GET', '/users/me', undefined, as(bo.id));
      expect(banned.body.error.code).toBe('ACCOUNT_BANNED');
    });
  });

  describe('the audit log', () => {
    it('names the key, alone and as a user', async () => {
      const key = await backend('moderation', 'act-as');
      const [moderator, ann, bo] = [await world.user({ role: 'moderator' }), ...(await world.users(2))] as const;
      await key.call('POST', `/admin/users/${ann.id}/ban`, { reason: 'spam' });
      await key.call('POST', `/admin/users/${bo.id}/ban`, { reason: 'spam' }, as(moderator.id));
      const { body } = await admin.call('GET', `/admin/audit-log?actor_id=${key.id}`);
      expect(body.data).toMatchObject([
        { action: 'user.ban', target_id: bo.id, actor_id: moderator.id, server_key: { id: key.id, name: 'shop' } },
        { action: 'user.ban', target_id: ann.id, actor_id: SYSTEM_USER_ID, server_key: { id: key.id, name: 'shop' } },
      ]);
    });

    it('records the creation and the revocation of keys', async () => {
      const key = await backend('users:read');
      await admin.call('DELETE', `/admin/keys/${key.id}`);
      const { body } = await admin.call('GET', `/admin/audit-log?target_type=server_key&target_id=${key.id}`);
      expect(body.data).toMatchObject([
        { action: 'server_key.revoke', actor_id: admin.id, server_key: null },
        { action: 'server_key.create', actor_id: admin.id, after: { name: 'shop', scopes: ['users:read'] } },
      ]);
    });
  });

  describe('DELETE /admin/keys/{id}', () => {
    it('ends the key at once, and it is no longer listed', async () => {
      const key = await backend('users:read');
      expect((await key.call('GET', '/users')).status).toBe(200);
      expect((await admin.call('DELETE', `/admin/keys/${key.id}`)).status).toBe(204);
      expect((await key.call('GET', '/users')).status).toBe(401);
      const { body } = await admin.call('GET', '/admin/keys');
      expect(body.data.map(({ id }: { id: string }) => id)).not.toContain(key.id);
      const again = await admin.call('DELETE', `/admin/keys/${key.id}`);
      expect([again.status, again.body.error.code]).toEqual([404, 'SERVER_KEY_NOT_FOUND']);
    });

    it('ends writes at once on a process that still knows the key, and reads within five seconds', async () => {
      const [key, ann] = [await backend('act-as'), await world.user()];
      const group = await world.group(ann);
      await key.call('GET', '/users/me', undefined, as(ann.id));
      // As another process revokes it: this one is not notified.
      await world.database.query('update sessions set revoked_at = now() where id = $1', [key.id]);
      const sent = await key.call('POST', `/conversations/${group}/messages`, { content: 'hello' }, as(ann.id));
      expect(sent.status).toBe(401);
      expect((await key.call('PATCH', '/users/me', { bio: 'x' }, as(ann.id))).status).toBe(401);
    });

    it('closes the sockets of the key, its own and those as users, and no other', async () => {
      const [key, ann] = [await backend('act-as', 'messages:read'), await world.user()];
      const [own, acting, hers] = [
        await live(new WebSocketClient(world.port, '', { headers: { authorization: `Bearer ${key.token}` } })),
        await live(new SocketIoClient(world.port, { token: key.token, act_as: ann.id })),
        await ann.webSocket(),
      ];
      await admin.call('DELETE', `/admin/keys/${key.id}`);
      expect((await own.closed).code).toBe(4401);
      expect((await acting.closed).code).toBe(4401);
      expect(await hers.request('ping')).toMatchObject({ ok: true });
    });
  });

  async function live<Client extends WebSocketClient | SocketIoClient>(client: Client): Promise<Client> {
    await client.next('live');
    return client;
  }

  describe('a socket with a key', () => {
    it('may send the frames of its scopes', async () => {
      const key = await backend('users:read');
      const socket = await key.webSocket();
      expect(await socket.request('ping')).toMatchObject({ ok: true });
      const refused = await socket.request('history', { conversation_id: admin.id });
      expect(refused.error).toMatchObject({ code: 'PERMISSION_DENIED', details: { required_scope: 'messages:read' } });
      const closed = await socket.request('typing.start', { conversation_id: admin.id });
      expect(closed.error).toMatchObject({ code: 'PERMISSION_DENIED', details: {} });
      socket.close();
    });

    it('makes neither the account of the server nor a user online', async () => {
      const [key, ann] = [await backend('act-as', 'users:read'), await world.user()];
      const acting = new SocketIoClient(world.port, { token: key.token, act_as: ann.id });
      const sockets = [await key.webSocket(), await live(acting)];
      await world.get(PresenceLeases).flushed();
      const leases = `select from presence_leases where user_id = any($1::uuid[])`;
      expect(await world.database.query(leases, [[SYSTEM_USER_ID, ann.id]])).toEqual([]);
      for (const socket of sockets) socket.close();
    });

    it.each([
      [
        'the upgrade',
        (port: number, token: string, user: string) =>
          new WebSocketClient(port, '', { headers: { authorization: `Bearer ${token}`, 'x-act-as': user } }),
      ],
      [
        'the handshake of Socket.IO',
        (port: number, token: string, user: string) => new SocketIoClient(port, { token, act_as: user }),
      ],
      [
        'the frame auth',
        (port: number, token: string, user: string) => {
          const client = new WebSocketClient(port);
          void client.first('hello').then(() => client.request('auth', { token, act_as: user }));
          return client;
        },
      ],
    ])('acts as a user whom %s names', async (_how, open) => {
      const [key, ann] = [await backend('act-as'), await world.user()];
      const group = await world.group(ann);
      const socket = open(world.port, key.token!, ann.id);
      const ready = await socket.next('ready');
      expect(ready.data).toMatchObject({ user: { id: ann.id } });
      const sent = await socket.request('message.send', { conversation_id: group, content: 'hello' });
      expect(sent).toMatchObject({ ok: true, data: { message: { sender_id: ann.id } } });
      socket.close();
    });

    it('is refused with the key in the URL, which proxies log', async () => {
      const key = await backend('messages:read');
      const socket = new WebSocketClient(world.port, `?token=${key.token}`);
      expect(await socket.refused).toBe(400);
    });

    it('closes when its user becomes an admin', async () => {
      const [key, ann] = [await backend('act-as'), await world.user()];
      const socket = await live(new SocketIoClient(world.port, { token: key.token, act_as: ann.id }));
      expect((await admin.call('PATCH', `/admin/users/${ann.id}`, { role: 'admin', reason: 'a test' })).status).toBe(
        200,
      );
      expect((await socket.closed).code).toBe(4401);
    });

    it('keeps its rank when the roles of connected users are checked', async () => {
      const key = await backend('messages:read');
      const socket = await key.webSocket();
      await world.get(SessionReconciler).reconcile();
      expect([...world.get(Connections).ofUser(SYSTEM_USER_ID)].map(({ actor }) => actor.role)).toContain('admin');
      socket.close();
    });
  });

  describe('the system account', () => {
    it('is in no search, list or count, and cannot be changed', async () => {
      const { body: found } = await admin.call('GET', '/users?search=system');
      expect(found.data).toEqual([]);
      const { body: listed } = await admin.call('GET', '/admin/users?search=system');
      expect(listed.data).toEqual([]);
      const ban = await admin.call('POST', `/admin/users/${SYSTEM_USER_ID}/ban`, { reason: 'x' });
      expect(ban.status).toBe(403);
      const removal = await admin.call('DELETE', `/admin/users/${SYSTEM_USER_ID}`, { reason: 'x', messages: 'keep' });
      expect(removal.status).toBe(403);
      const group = await world.group(admin);
      const added = await admin.call('POST', `/conversations/${group}/participants`, { user_ids: [SYSTEM_USER_ID] });
      expect(added.status).toBe(404);
    });
  });
});
