import { Sql } from '../../src/platform/database/sql.js';
import { newId } from '../../src/platform/database/ids.js';
import { ApiClient } from '../support/client/api-client.js';
import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('users of the host product', () => {
  let world: World;
  let ana: User;
  let bob: User;
  let admin: User;
  beforeAll(async () => {
    world = await World.start();
    [ana, bob] = await world.users(2);
    admin = await world.user({ role: 'admin' });
    await nameExternally(ana, 'ana/1, "first"');
    await nameExternally(bob, 'bob');
  });
  afterAll(() => world.stop());

  /** Gives a user an id in the host product. */
  async function nameExternally({ userId }: User, externalId: string): Promise<void> {
    await world.database.query(`update users set external_id = $2 where id = $1`, [userId, externalId]);
  }

  const externally = (externalId: string): string => `external:${externalId}`;
  const ANA = 'ana/1, "first"';

  describe('an external id in place of the id of a user', () => {
    it('names the user in a path, also with signs that have a meaning in a URL', async () => {
      const { status, body } = await bob.call('GET', `/users/${encodeURIComponent(externally(ANA))}`);
      expect([status, body.id]).toEqual([200, ana.userId]);
    });

    it('is shown to the user themselves and to admins only', async () => {
      const see = async (viewer: User): Promise<unknown> =>
        (await viewer.call('GET', `/users/${ana.userId}`)).body.external_id;
      expect([await see(ana), await see(admin), await see(bob)]).toEqual([ANA, ANA, undefined]);
      const { body } = await admin.call('GET', `/admin/users/external:bob`);
      expect([body.id, body.external_id]).toEqual([bob.userId, 'bob']);
    });

    it('names users in a body, where two names of one user are one', async () => {
      const participant_ids = ['external:bob', bob.userId, bob.userId.toUpperCase()];
      const { status, body } = await ana.call('POST', '/conversations', { type: 'direct', participant_ids });
      expect([status, body.participant_count]).toEqual([201, 2]);
    });

    it('names users in a query, in a list and alone', async () => {
      const group = await world.group(ana, [bob]);
      await bob.call('POST', `/conversations/${group}/messages`, { content: 'of bob' });
      await ana.call('POST', `/conversations/${group}/messages`, { content: 'of ana' });
      const page = await ana.call('GET', `/conversations/${group}/messages?sender_id=external:bob`);
      expect(page.body.data.map(({ content }: { content: string }) => content)).toEqual(['of bob']);
      const presence = await ana.call('GET', `/presence?user_ids=external:bob,${ana.userId}`);
      expect(presence.body.data.map(({ user_id }: { user_id: string }) => user_id).sort()).toEqual(
        [ana.userId, bob.userId].sort(),
      );
    });

    it('names users in frames of both transports, whose order stays', async () => {
      const group = await world.group(ana, [bob]);
      for (const socket of [await ana.webSocket(), await ana.socketIo()]) {
        const contents = ['first', 'second', 'third'];
        const replies = await Promise.all(
          contents.map((content, index) =>
            socket.request('message.send', {
              conversation_id: group,
              content,
              ...(index === 0 && { mentions: ['external:bob'] }),
            }),
          ),
        );
        const messages = replies.map(({ data }) => (data as { message: Record<string, unknown> }).message);
        expect(messages[0]!.mentions).toEqual([bob.userId]);
        const numbers = messages.map(({ sequence_number: number }) => number as number);
        expect(numbers).toEqual([numbers[0], numbers[0]! + 1, numbers[0]! + 2]);
      }
    });

    it('is USER_NOT_FOUND with the id if no user has it, on every transport', async () => {
      const unknown = { code: 'USER_NOT_FOUND', details: { external_id: 'unknown-user' } };
      expect((await ana.call('GET', '/users/external:unknown-user')).body.error).toMatchObject(unknown);
      const body = { type: 'group', title: 'x', participant_ids: ['external:bob', 'external:unknown-user'] };
      expect((await ana.call('POST', '/conversations', body)).body.error).toMatchObject(unknown);
      const group = await world.group(ana, [bob]);
      const frame = { conversation_id: group, content: 'x', mentions: ['external:unknown-user'] };
      for (const socket of [await ana.webSocket(), await ana.socketIo()]) {
        expect(await socket.request('message.send', frame)).toMatchObject({ ok: false, error: unknown });
      }
    });

    it('is refused if it cannot be one', async () => {
      for (const id of ['external:', `external:${'x'.repeat(256)}`, 'external:a\u0007', 'External:bob']) {
        const { status, body } = await ana.call('GET', `/users/${encodeURIComponent(id)}`);
        expect([id, status, body.error?.details.errors[0].field ?? body]).toEqual([id, 400, 'id']);
      }
      expect((await ana.call('GET', `/users/external:${encodeURIComponent('😀'.repeat(255))}`)).status).toBe(404);
    });

    it('is read once for path, body and query together, and not again', async () => {
      const others = await world.users(3);
      const suffix = newId();
      for (const [index, other] of others.entries()) await nameExternally(other, `${index}-${suffix}`);
      const group = await world.group(ana, [bob]);
      const many = jest.spyOn(Sql.prototype, 'many');
      const reads = (): number => many.mock.calls.filter(([{ name }]) => name === 'users.find_ids_of_external').length;
      const user_ids = others.map((_, index) => `external:${index}-${suffix}`);
      expect((await ana.call('POST', `/conversations/${group}/participants`, { user_ids })).status).toBe(201);
      expect(reads()).toBe(1);
      expect((await ana.call('GET', `/users/${user_ids[0]}`)).body.id).toBe(others[0]!.userId);
      const patched = await ana.call('PATCH', `/conversations/${group}/participants/${user_ids[1]}`, {
        is_muted: true,
      });
      expect([patched.status, reads()]).toEqual([200, 1]);
      // Nothing is read where no external id is.
      await ana.call('GET', `/users/${bob.userId}`);
      expect(reads()).toBe(1);
      many.mockRestore();
    });

    it('stays with a deleted account', async () => {
      const gone = await world.user();
      await nameExternally(gone, 'gone');
      const deletion = { messages: 'anonymise', reason: 'A test' };
      expect((await admin.call('DELETE', '/admin/users/external:gone', deletion)).status).toBe(204);
      expect((await ana.call('GET', '/users/external:gone')).body.error.code).toBe('USER_NOT_FOUND');
      expect((await admin.call('GET', '/admin/users/external:gone')).body).toMatchObject({
        id: gone.userId,
        external_id: 'gone',
        status: 'deleted',
      });
    });
  });

  describe('PUT /users/batch', () => {
    const upsert = async (users: unknown[], caller = admin): Promise<HttpResponse> =>
      caller.call('PUT', '/users/batch', { users });
    const results = async (users: unknown[]): Promise<Record<string, unknown>[]> => {
      const { status, body } = await upsert(users);
      expect([status, body.error]).toEqual([200, undefined]);
      return body.data as Record<string, unknown>[];
    };
    const outcomes = async (users: unknown[]): Promise<unknown[]> =>
      (await results(users)).map(({ outcome }) => outcome);

    it('creates users, and leaves unchanged what is as requested', async () => {
      const metadata = { public: { class: '5b' }, private: { plan: 'pro', old: null } };
      const entry = {
        external_id: 'b-1',
        username: 'Batch.One',
        display_name: ' Batch  One ',
        email: 'One@Example.com',
        avatar_url: 'https://cdn.example.com/1.png',
        role: 'student',
        metadata,
      };
      const [created, derived] = await results([entry, { external_id: 'b-2', email: 'second.user@example.com' }]);
      expect([created, derived]).toMatchObject([
        { external_id: 'b-1', outcome: 'created' },
        { external_id: 'b-2', outcome: 'created' },
      ]);
      const { body } = await admin.call('GET', '/users/external:b-1');
      expect(body).toMatchObject({
        id: created!.id,
        external_id: 'b-1',
        username: 'batch.one',
        display_name: 'Batch One',
        email: 'one@example.com',
        profile: { avatar_url: 'https://cdn.example.com/1.png' },
        role: 'student',
        metadata: { public: { class: '5b' }, private: { plan: 'pro' } },
      });
      expect((await admin.call('GET', '/users/external:b-2')).body).toMatchObject({
        username: 'second.user',
        display_name: 'second.user',
      });
      expect(await outcomes([entry, { external_id: 'b-2' }])).toEqual(['unchanged', 'unchanged']);
    });

    it('changes only what an entry names, and announces the change in the stream of the user', async () => {
      const [{ id }] = (await results([
        { external_id: 'c-1', username: 'changed1', metadata: { public: { a: { b: 1, c: 2 } } } },
      ])) as [{ id: string }];
      expect(
        await outcomes([{ external_id: 'c-1', display_name: 'Changed', metadata: { public: { a: { b: null } } } }]),
      ).toEqual(['updated']);
      expect((await admin.call('GET', `/users/${id}`)).body).toMatchObject({
        username: 'changed1',
        display_name: 'Changed',
        metadata: { public: { a: { c: 2 } }, private: {} },
      });
      const events = await world.database.query(`select type, seq, actor_id from events where stream_id = $1`, [id]);
      expect(events).toEqual([{ type: 'user.updated', seq: expect.anything(), actor_id: admin.userId }]);
    });

    it('has an outcome for every entry, in their order, and wrong entries do not affect the others', async () => {
      const data = await results([
        { external_id: 'd-1', username: 'taken.by.first' },
        'no object',
        { external_id: 'd-2', username: 'taken.by.first' },
        { external_id: 'd-1' },
        { display_name: 'Without an id' },
        { external_id: 'd-3', email: 'none', username: 'x', role: 'admin', is_admin: true },
        { external_id: 'd-4', username: ana.username },
        { external_id: 'd-5', metadata: { public: { x: 'x'.repeat(9000) }, private: { x: 'x'.repeat(9000) } } },
        { external_id: 'gone' },
        { external_id: 'd-6', display_name: 'Fine' },
      ]);
      const brief = data.map(({ external_id, outcome, error }) => {
        const { code, details } = (error ?? {}) as {
          code?: string;
          details?: { errors?: { field: string }[]; field?: string };
        };
        return [
          external_id,
          outcome,
          code,
          details?.field ??
            details?.errors
              ?.map(({ field }) => field)
              .sort()
              .join(),
        ];
      });
      expect(brief).toEqual([
        ['d-1', 'created', undefined, undefined],
        [null, 'error', 'VALIDATION_ERROR', 'data'],
        ['d-2', 'error', 'ALREADY_EXISTS', 'username'],
        ['d-1', 'error', 'VALIDATION_ERROR', 'external_id'],
        [null, 'error', 'VALIDATION_ERROR', 'external_id'],
        ['d-3', 'error', 'VALIDATION_ERROR', 'email,is_admin,role,username'],
        ['d-4', 'error', 'ALREADY_EXISTS', 'username'],
        ['d-5', 'error', 'VALIDATION_ERROR', 'metadata'],
        ['gone', 'error', 'ACCOUNT_DELETED', undefined],
        ['d-6', 'created', undefined, undefined],
      ]);
      // No stream without a user.
      const [{ orphans }] = (await world.database.query(
        `select count(*)::int as orphans from stream_heads h where not exists (select from users u where u.id = h.stream_id)
            and not exists (select from conversations c where c.id = h.stream_id)`,
      )) as [{ orphans: number }];
      expect(orphans).toBe(0);
    });

    it('gives users without a user name different ones', async () => {
      const entries = Array.from({ length: 5 }, (_, index) => ({
        external_id: `n-${index}`,
        display_name: 'Same Name',
      }));
      expect(await outcomes(entries)).toEqual(Array(5).fill('created'));
      const { body } = await admin.call(
        'GET',
        `/users/batch?external_ids=${entries.map(({ external_id }) => external_id).join()}`,
      );
      expect(new Set(body.data.map(({ username }: { username: string }) => username)).size).toBe(5);
    });

    it('creates each user once, although several batches with them arrive at once', async () => {
      const entries = Array.from({ length: 60 }, (_, index) => ({
        external_id: `r-${index}`,
        username: `racer${index}`,
      }));
      const answers = await Promise.all(
        [entries, [...entries].reverse(), entries, [...entries].reverse()].map((one) => results(one)),
      );
      const created = answers.flat().filter(({ outcome }) => outcome === 'created');
      expect(created).toHaveLength(60);
      expect(answers.flat().filter(({ outcome }) => outcome === 'error')).toEqual([]);
      const idsOf = (externalId: string): Set<unknown> =>
        new Set(
          answers
            .flat()
            .filter(({ external_id }) => external_id === externalId)
            .map(({ id }) => id),
        );
      for (const { external_id } of entries) expect(idsOf(external_id).size).toBe(1);
    });

    it('accepts 1,000 entries of 1 kB together, and no more', async () => {
      const entries = (count: number): object[] =>
        Array.from({ length: count }, (_, index) => ({
          external_id: `many-${index}`,
          username: `many${index}`,
          display_name: `Number ${index}`,
          email: `many${index}@example.com`,
          avatar_url: `https://cdn.example.com/${'a'.repeat(300)}/${index}.png`,
          metadata: { public: { group: index % 7 }, private: { note: 'x'.repeat(350) } },
        }));
      expect(new Set(await outcomes(entries(1000)))).toEqual(new Set(['created']));
      expect(new Set(await outcomes(entries(1000)))).toEqual(new Set(['unchanged']));
      expect((await upsert(entries(1001))).body.error).toMatchObject({ code: 'VALIDATION_ERROR' });
      const large = await upsert([{ external_id: 'large', display_name: 'x'.repeat(1024 * 1024) }]);
      expect([large.status, large.body.error.code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    });

    it('is refused for users, and does not change admins', async () => {
      expect((await upsert([{ external_id: 'e-1' }], ana)).status).toBe(403);
      const other = await world.user({ role: 'admin' });
      await nameExternally(other, 'an-admin');
      const [refused] = await results([{ external_id: 'an-admin', display_name: 'Changed' }]);
      expect(refused).toMatchObject({ outcome: 'error', error: { code: 'PERMISSION_DENIED' } });
    });

    it('is recorded in the audit log, each change of a role on its own', async () => {
      const [{ id }] = (await results([{ external_id: 'f-1', role: 'moderator' }])) as [{ id: string }];
      await results([{ external_id: 'f-1', role: 'student' }]);
      const { body } = await admin.call('GET', `/admin/audit-log?actor_id=${admin.userId}&limit=4`);
      const brief = body.data.map(({ action, target_id, before, after }: Record<string, unknown>) => [
        action,
        target_id,
        before,
        after,
      ]);
      expect(brief).toEqual(
        expect.arrayContaining([
          ['user.upsert', null, null, { created: 1, updated: 0 }],
          ['user.update', id, null, { role: 'moderator' }],
          ['user.upsert', null, null, { created: 0, updated: 1 }],
          ['user.update', id, { role: 'moderator' }, { role: 'student' }],
        ]),
      );
    });

    it('publishes user.created for each new user to the webhooks of admins', async () => {
      const webhookId = newId();
      await world.database.query(
        `with w as (insert into webhooks (id, user_id, scope, url, host, events, secret_box)
                    values ($1, $2, 'all', 'https://hooks.example.com/', 'hooks.example.com', '{user.created}', ''))
         select 1`,
        [webhookId, admin.userId],
      );
      await world.database.query(`insert into outbox_interests (webhook_id, type) values ($1, 'user.created')`, [
        webhookId,
      ]);
      const data = await results([
        { external_id: 'g-1' },
        { external_id: 'g-2' },
        { external_id: 'b-1', display_name: 'Other' },
      ]);
      const ids = data.slice(0, 2).map(({ id }) => id);
      const written = async (): Promise<unknown[]> =>
        (
          await world.database.query(
            `select subject_id from outbox where type = 'user.created' and subject_id = any($1::uuid[])
             union select subject_id from webhook_events where type = 'user.created' and subject_id = any($1::uuid[])`,
            [ids],
          )
        ).map(({ subject_id: id }) => id as string);
      expect((await written()).sort()).toEqual([...ids].sort());
      await world.database.query(`delete from webhooks where id = $1`, [webhookId]);
    });
  });

  describe('GET /users/batch', () => {
    it('returns the users in the order of their ids, and the ids that no user has', async () => {
      const ids = ['bob', 'unknown-user', ANA].map((id) => `external_ids=${encodeURIComponent(id)}`).join('&');
      const { status, body } = await admin.call('GET', `/users/batch?${ids}`);
      expect(status).toBe(200);
      expect(body.data.map(({ id }: { id: string }) => id)).toEqual([bob.userId, ana.userId]);
      expect(body.missing).toEqual(['unknown-user']);
      expect((await ana.call('GET', `/users/batch?${ids}`)).status).toBe(403);
      const gone = (await admin.call('GET', '/users/batch?external_ids=gone,bob')).body;
      expect([gone.data.length, gone.missing]).toEqual([1, ['gone']]);
    });
  });

  describe('PATCH /users/:id', () => {
    it('changes a user, and merges their metadata', async () => {
      const user = await world.user();
      const path = `/users/${user.userId}`;
      const metadata = { public: { a: 1 }, private: { b: [1] } };
      const changed = await admin.call('PATCH', path, {
        external_id: 'p-1',
        bio: 'Hello',
        email: 'p1@example.com',
        metadata,
      });
      expect([changed.status, changed.body]).toMatchObject([
        200,
        { external_id: 'p-1', email: 'p1@example.com', profile: { bio: 'Hello' }, metadata },
      ]);
      const merged = await admin.call('PATCH', '/users/external:p-1', {
        email: null,
        metadata: { private: { b: null, c: 2 } },
      });
      expect(merged.body).toMatchObject({ email: null, metadata: { public: { a: 1 }, private: { c: 2 } } });
      expect((await user.call('GET', '/users/me')).body.metadata).toEqual({ public: { a: 1 }, private: { c: 2 } });
      expect((await ana.call('GET', path)).body.metadata).toEqual({ public: { a: 1 } });
      const page = await admin.call('GET', `/users?search=${user.username}`);
      expect(page.body.data[0].metadata).toEqual({ public: { a: 1 } });
    });

    it('gives an external id once, and one that another user has never', async () => {
      const user = await world.user();
      const change = (external_id: string) => admin.call('PATCH', `/users/${user.userId}`, { external_id });
      expect((await change('bob')).body.error).toMatchObject({
        code: 'ALREADY_EXISTS',
        details: { field: 'external_id' },
      });
      expect([(await change('once')).status, (await change('once')).status]).toEqual([200, 200]);
      expect((await change('twice')).body.error.details.errors[0].field).toBe('external_id');
    });

    it('is for the host product and admins, whom it does not change', async () => {
      expect((await ana.call('PATCH', `/users/${bob.userId}`, { bio: 'x' })).status).toBe(403);
      expect((await admin.call('PATCH', `/users/${admin.userId}`, { bio: 'x' })).status).toBe(403);
      expect((await admin.call('PATCH', '/users/external:unknown-user', { bio: 'x' })).status).toBe(404);
      expect((await ana.call('PATCH', '/users/me', { metadata: { public: {} } })).status).toBe(400);
    });
  });

  describe('a server key', () => {
    const keyWith = async (...scopes: string[]): Promise<ApiClient> => {
      const { status, body } = await admin.call('POST', '/admin/keys', { name: 'a shop', scopes });
      expect([status, body.error]).toEqual([201, undefined]);
      return new ApiClient(world.url, body.secret as string);
    };

    it('creates, changes, deactivates, reads and deletes users with its scopes only', async () => {
      const [writer, reader] = [await keyWith('users:write'), await keyWith('users:read')];
      const users = [{ external_id: 'k-1', role: 'student', metadata: { private: { plan: 'pro' } } }];
      expect((await reader.call('PUT', '/users/batch', { users })).status).toBe(403);
      expect((await writer.call('PUT', '/users/batch', { users })).body.data).toMatchObject([{ outcome: 'created' }]);
      expect((await writer.call('GET', '/users/batch?external_ids=k-1')).status).toBe(403);
      const read = async (): Promise<unknown> =>
        (await reader.call('GET', '/users/batch?external_ids=k-1')).body.data[0];
      expect(await read()).toMatchObject({ external_id: 'k-1', metadata: { private: { plan: 'pro' } } });
      expect((await writer.call('PATCH', '/users/external:k-1', { display_name: 'By key' })).status).toBe(200);
      expect((await writer.call('POST', '/users/external:k-1/deactivate')).status).toBe(204);
      expect(await read()).toMatchObject({ display_name: 'By key', is_deactivated: true });
      expect((await writer.call('POST', '/users/external:k-1/reactivate')).status).toBe(204);
      expect((await writer.call('DELETE', '/users/external:k-1?messages=anonymise')).status).toBe(204);
      expect(await read()).toBeUndefined();
    });

    it('needs the scope moderation for moderators, and changes no admin', async () => {
      const writer = await keyWith('users:write');
      const moderator = { external_id: 'k-2', role: 'moderator' };
      const outcome = async (key: ApiClient): Promise<unknown> =>
        (await key.call('PUT', '/users/batch', { users: [moderator] })).body.data[0].outcome;
      expect([await outcome(writer), await outcome(await keyWith('users:write', 'moderation'))]).toEqual([
        'error',
        'created',
      ]);
      expect((await writer.call('POST', '/users/external:k-2/deactivate')).status).toBe(403);
      expect((await writer.call('DELETE', '/users/external:k-2?messages=keep')).status).toBe(403);
      expect((await writer.call('PATCH', `/users/${admin.userId}`, { bio: 'x' })).status).toBe(403);
    });
  });

  describe('a deactivated user', () => {
    it('has no session and gets none, and is not found', async () => {
      const carl = await world.register('carl');
      const group = await world.group(ana, [carl]);
      const socket = await carl.webSocket();
      const login = () => world.call('POST', '/auth/login', { login: 'carl', password: carl.password });
      const refreshed = (await login()).body.refresh_token as string;
      expect((await admin.call('POST', `/users/${carl.userId}/deactivate`)).status).toBe(204);
      expect(await socket.closed).toMatchObject({ code: 4401 });
      const events = await world.database.query(
        `select payload from events where stream_id = $1 and type = 'session.revoked'`,
        [carl.userId],
      );
      expect(events.length).toBeGreaterThan(0);
      expect(events[0]).toEqual({ payload: { reason: 'account_deactivated' } });
      expect((await carl.call('GET', '/users/me')).status).toBe(401);
      expect((await carl.call('POST', `/conversations/${group}/messages`, { content: 'x' })).status).toBe(401);
      expect((await login()).body.error.code).toBe('ACCOUNT_DEACTIVATED');
      expect((await world.call('POST', '/auth/refresh', { refresh_token: refreshed })).status).toBe(401);
      expect((await ana.call('GET', '/users?search=carl')).body.data).toEqual([]);
      expect((await ana.call('GET', `/users/${carl.userId}`)).body).toMatchObject({ username: 'carl' });
      expect((await admin.call('GET', `/users/${carl.userId}`)).body.is_deactivated).toBe(true);
      expect((await admin.call('GET', `/admin/users/${carl.userId}`)).body.status).toBe('deactivated');
      expect((await admin.call('GET', '/admin/users?status=deactivated')).body.data).toHaveLength(1);

      expect((await admin.call('POST', `/users/${carl.userId}/reactivate`)).status).toBe(204);
      expect((await login()).status).toBe(200);
      expect((await ana.call('GET', '/users?search=carl')).body.data).toHaveLength(1);
      const { body } = await admin.call('GET', `/admin/audit-log?target_id=${carl.userId}`);
      const actions = body.data.map(({ action }: { action: string }) => action);
      expect(actions.sort()).toEqual(['user.deactivate', 'user.reactivate']);
    });

    it('gets no session from a login at the same moment', async () => {
      const dora = await world.register('dora');
      for (let round = 0; round < 10; round++) {
        const login = () => world.call('POST', '/auth/login', { login: 'dora', password: dora.password });
        const [, ...answers] = await Promise.all([
          admin.call('POST', `/users/${dora.userId}/deactivate`),
          login(),
          login(),
        ]);
        for (const { status, body } of answers) {
          if (status !== 200) continue;
          const headers = { authorization: `Bearer ${body.access_token}` };
          expect((await world.call('GET', '/users/me', undefined, headers)).status).toBe(401);
        }
        await admin.call('POST', `/users/${dora.userId}/reactivate`);
      }
    });

    it('is no admin, and deactivates no other user', async () => {
      expect((await ana.call('POST', `/users/${bob.userId}/deactivate`)).status).toBe(403);
      const other = await world.user({ role: 'admin' });
      expect((await admin.call('POST', `/users/${other.userId}/deactivate`)).status).toBe(403);
    });
  });

  describe('DELETE /users/:id', () => {
    it('deletes an account, whose messages stay as requested', async () => {
      const [kept, anonymised] = await world.users(2);
      const group = await world.group(ana, [kept, anonymised]);
      for (const author of [kept, anonymised])
        await author.call('POST', `/conversations/${group}/messages`, { content: 'x' });
      expect((await ana.call('DELETE', `/users/${kept.userId}?messages=keep`)).status).toBe(403);
      expect((await admin.call('DELETE', `/users/${kept.userId}`)).status).toBe(400);
      expect((await admin.call('DELETE', `/users/${kept.userId}?messages=keep`)).status).toBe(204);
      expect((await admin.call('DELETE', `/users/${anonymised.userId}?messages=anonymise`)).status).toBe(204);
      const { body } = await ana.call('GET', `/conversations/${group}/messages`);
      const names = body.data.map(({ sender_name: name }: { sender_name: string }) => name).sort();
      expect(names).toEqual(['Deleted user', kept.username].sort());
      expect((await kept.call('GET', '/users/me')).status).toBe(401);
      expect((await admin.call('DELETE', `/users/${kept.userId}?messages=keep`)).status).toBe(404);
    });
  });
});

describe('the directory of users', () => {
  let world: World;
  let [ana, bob, stranger, admin]: User[] = [];
  afterEach(() => world.stop());

  async function start(environment: Record<string, string>): Promise<void> {
    world = await World.start(environment);
    [ana, bob, stranger] = await world.users(3);
    admin = await world.user({ role: 'admin' });
    await world.group(ana!, [bob!]);
  }

  const found = async (viewer: User): Promise<string[]> =>
    (await viewer.call('GET', '/users?limit=100')).body.data.map(({ id }: { id: string }) => id);
  const begin = (user: User, other: User) =>
    user.call('POST', '/conversations', { type: 'direct', participant_ids: [other.userId] });

  it('contains those who share a conversation, to whom alone users write, if the settings say so', async () => {
    await start({ USER_DIRECTORY: 'shared_conversations', DIRECT_CONVERSATIONS: 'shared_conversations' });
    expect((await found(ana!)).sort()).toEqual([ana!.userId, bob!.userId].sort());
    expect(await found(stranger!)).toEqual([]);
    expect(await found(admin!)).toEqual(expect.arrayContaining([ana!.userId, bob!.userId, stranger!.userId]));
    expect([(await begin(ana!, bob!)).status, (await begin(ana!, bob!)).status]).toEqual([201, 200]);
    expect((await begin(ana!, stranger!)).body.error.code).toBe('PERMISSION_DENIED');
    expect((await begin(admin!, stranger!)).status).toBe(201);
    // It exists now, so the user may open it.
    expect((await begin(stranger!, admin!)).status).toBe(200);
  });

  it('is empty, and direct conversations are left to the server, if the settings say so', async () => {
    // eslint-disable-next-line parley/plain-words -- the value of the setting
    await start({ USER_DIRECTORY: 'nobody', DIRECT_CONVERSATIONS: 'server' });
    expect(await found(ana!)).toEqual([]);
    expect((await begin(ana!, bob!)).body.error.code).toBe('PERMISSION_DENIED');
    expect(await found(admin!)).toContain(stranger!.userId);
    expect((await ana!.call('GET', `/users/${bob!.userId}`)).status).toBe(200);
  });
});
