import { randomUUID } from 'node:crypto';
import { SYSTEM_USER_ID } from '../../src/modules/users/system-user.constants.js';
import type { Scope } from '../../src/platform/identity/server-key.js';
import { ApiClient } from '../support/client/api-client.js';
import type { HttpResponse } from '../support/client/http.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

const ALL: Scope[] = ['conversations:read', 'conversations:write', 'messages:read', 'messages:write', 'act-as'];

describe('a server key', () => {
  let world: World;
  let admin: User;
  let key: ApiClient;

  beforeAll(async () => {
    world = await World.start({ LIMIT_CALL: '10000' });
    admin = await world.user({ role: 'admin' });
    key = await keyWith(...ALL);
  });
  afterAll(() => world?.stop());

  async function keyWith(...scopes: Scope[]): Promise<ApiClient> {
    const { body } = await admin.call('POST', '/admin/keys', { name: 'shop', scopes });
    return new ApiClient(world.url, body.secret as string);
  }

  const as = ({ userId }: User): Record<string, string> => ({ 'x-act-as': userId });
  const named = (id: string): string => `/conversations/${encodeURIComponent(`external:${id}`)}`;
  const put = (id: string, body: object = { type: 'group' }): Promise<HttpResponse> => key.call('PUT', named(id), body);
  const contents = ({ body }: HttpResponse): string[] => body.data.map((one: { content: string }) => one.content);
  const auditOf = async (targetId: string): Promise<string[]> =>
    (
      await world.database.query<{ action: string }>(
        'select action from audit_log where target_id = $1 order by at, id',
        [targetId],
      )
    ).map(({ action }) => action);

  describe('PUT /conversations/external:<id>', () => {
    it('creates the conversation once, and then returns it as it is', async () => {
      const [anna, ben] = await world.users(2);
      const id = `order 7/${randomUUID()} €`;
      const made = await put(id, {
        type: 'group',
        title: 'Order 7',
        participant_ids: [anna.userId, ben.userId],
        metadata: { a: 1 },
      });
      expect(made).toMatchObject({
        status: 201,
        body: { external_id: id, title: 'Order 7', role: null, created_by: SYSTEM_USER_ID, metadata: { a: 1 } },
      });
      expect(made.body.participants.map((one: { role: string }) => one.role)).toEqual(['participant', 'participant']);
      const again = await put(id, { type: 'group', title: 'Another title' });
      expect(again).toMatchObject({ status: 200, body: { id: made.body.id, title: 'Order 7' } });
      expect((await anna.call('GET', named(id))).body.id).toBe(made.body.id);
    });

    it('creates one conversation for fifty simultaneous requests', async () => {
      const [anna] = await world.users(1);
      const id = randomUUID();
      const body = { type: 'room', title: 'A room', slug: `r${id.slice(0, 8)}`, participant_ids: [anna.userId] };
      const responses = await Promise.all(Array.from({ length: 50 }, () => put(id, body)));
      expect(new Set(responses.map((one) => one.body.id)).size).toBe(1);
      expect(responses.map(({ status }) => status).sort()).toEqual([...Array<number>(49).fill(200), 201]);
      const rows = await world.database.query('select from conversations where external_id = $1', [id]);
      expect(rows).toHaveLength(1);
      expect(await put(randomUUID(), body)).toMatchObject({ status: 409, body: { error: { code: 'ALREADY_EXISTS' } } });
    });

    it('is for keys only, and not for one that acts as a user', async () => {
      const [anna] = await world.users(1);
      const id = randomUUID();
      expect((await anna.call('PUT', named(id), { type: 'group' })).status).toBe(403);
      expect((await (await keyWith('conversations:read')).call('PUT', named(id), { type: 'group' })).status).toBe(403);
      expect((await key.call('PUT', named(id), { type: 'group' }, as(anna))).status).toBe(403);
      expect((await put(id)).status).toBe(201);
    });

    it.each([
      ['no external id', randomUUID(), { type: 'group' }],
      ['an empty one', 'external:', { type: 'group' }],
      ['a long one', `external:${'x'.repeat(256)}`, { type: 'group' }],
      ['control characters', 'external:a\u0007b', { type: 'group' }],
      ['a direct conversation', 'external:d', { type: 'direct', participant_ids: [randomUUID(), randomUUID()] }],
    ])('rejects %s', async (_what, name, body) => {
      expect((await key.call('PUT', `/conversations/${encodeURIComponent(name)}`, body)).status).toBe(400);
    });

    it('accepts the id again after the conversation was deleted', async () => {
      const id = randomUUID();
      const first = await put(id);
      expect((await key.call('DELETE', named(id))).status).toBe(204);
      expect((await key.call('GET', named(id))).body.error.code).toBe('CONVERSATION_NOT_FOUND');
      const second = await put(id);
      expect([second.status, second.body.id === first.body.id]).toEqual([201, false]);
    });
  });

  describe('external:<id> in a path', () => {
    it('resolves for participants, and hides the conversation from others unless it is a public room', async () => {
      const [anna, ben] = await world.users(2);
      const [group, room] = [randomUUID(), randomUUID()];
      await put(group, { type: 'group', participant_ids: [anna.userId] });
      await put(room, { type: 'room', title: 'Open', participant_ids: [anna.userId] });
      for (const name of [group, room]) {
        const sent = await anna.call('POST', `${named(name)}/messages`, { content: 'by name' });
        expect(sent.status).toBe(201);
        expect(contents(await anna.call('GET', `${named(name)}/messages`))).toEqual(['by name']);
      }
      expect((await ben.call('GET', named(group))).body.error.code).toBe('CONVERSATION_NOT_FOUND');
      expect((await ben.call('GET', named(randomUUID()))).body.error.code).toBe('CONVERSATION_NOT_FOUND');
      expect((await ben.call('GET', named(room))).status).toBe(403);
      expect((await ben.call('POST', `${named(room)}/join`)).status).toBe(200);
    });
  });

  describe('a message of a key', () => {
    it('is from the system account, in any conversation, and reaches its participants', async () => {
      const [anna, ben] = await world.users(2);
      const { id } = (await anna.call('POST', '/conversations', { type: 'direct', participant_ids: [ben.userId] }))
        .body;
      await anna.call('PUT', `/users/${ben.userId}/block`);
      const socket = await ben.webSocket();
      const body = {
        content: 'Your order was sent',
        message_type: 'system',
        metadata: { order: 7 },
        client_message_id: 'k1',
      };
      const sent = await key.call('POST', `/conversations/${id}/messages`, body);
      expect(sent).toMatchObject({
        status: 201,
        body: { sender_id: SYSTEM_USER_ID, sender_name: 'System', message_type: 'system', metadata: { order: 7 } },
      });
      expect((await socket.next('message.created')).data.message).toMatchObject({
        id: sent.body.id,
        message_type: 'system',
      });
      const again = await key.call('POST', `/conversations/${id}/messages`, body);
      expect([again.body.id, again.headers.get('idempotency-replayed')]).toEqual([sent.body.id, 'true']);
      expect(contents(await key.call('GET', `/conversations/${id}/messages`))).toEqual(['Your order was sent']);
    });

    it('is from the user whom sender_id names, whatever that user may do', async () => {
      const [owner, muted, outsider, banned] = await world.users(4);
      const id = await world.group(owner, [muted], { settings: { is_frozen: true, slow_mode_seconds: 600 } });
      await owner.call('PATCH', `/conversations/${id}/participants/${muted.userId}`, { is_muted: true });
      await world.database.query('update users set banned_at = now() where id = $1', [banned.userId]);
      const send = (senderId: string) =>
        key.call('POST', `/conversations/${id}/messages`, { content: 'x', sender_id: senderId });
      for (const { userId } of [muted, muted, outsider, banned, owner]) {
        expect(await send(userId)).toMatchObject({ status: 201, body: { sender_id: userId } });
      }
      for (const unknown of [randomUUID(), '00000000-0000-7000-8000-000000000001']) {
        expect(await send(unknown)).toMatchObject({ status: 404, body: { error: { code: 'USER_NOT_FOUND' } } });
      }
      await world.database.query('update users set deleted_at = now() where id = $1', [outsider.userId]);
      expect((await send(outsider.userId)).status).toBe(404);
    });

    it('is that of any user if the key acts as them, with neither sender_id nor system messages', async () => {
      const [owner, member] = await world.users(2);
      const id = await world.group(owner, [member]);
      const send = (user: User, more: object = {}) =>
        key.call('POST', `/conversations/${id}/messages`, { content: 'x', ...more }, as(user));
      expect(await send(member)).toMatchObject({ status: 201, body: { sender_id: member.userId } });
      expect(await send(member, { message_type: 'system' })).toMatchObject({
        status: 400,
        body: { error: { code: 'INVALID_MESSAGE_TYPE' } },
      });
      for (const user of [owner, member]) {
        const refused = await user.call('POST', `/conversations/${id}/messages`, {
          content: 'x',
          sender_id: user.userId,
        });
        expect(refused).toMatchObject({
          status: 400,
          body: { error: { details: { errors: [{ field: 'sender_id' }] } } },
        });
      }
      expect((await send(member, { sender_id: owner.userId })).status).toBe(400);
      await owner.call('PATCH', `/conversations/${id}/participants/${member.userId}`, { is_muted: true });
      expect((await send(member)).status).toBe(403);
      await owner.call('DELETE', `/conversations/${id}/participants/${member.userId}`);
      expect((await send(member)).status).toBe(403);
    });

    it('is refused without its scope, and as soon as the key is revoked', async () => {
      const [owner] = await world.users(1);
      const id = await world.group(owner);
      const reader = await keyWith('messages:read');
      const refused = await reader.call('POST', `/conversations/${id}/messages`, { content: 'x' });
      expect(refused).toMatchObject({
        status: 403,
        body: { error: { details: { required_scope: 'messages:write' } } },
      });
      const { body } = await admin.call('POST', '/admin/keys', { name: 'short', scopes: ['messages:write'] });
      const short = new ApiClient(world.url, body.secret as string);
      expect((await short.call('POST', `/conversations/${id}/messages`, { content: 'x' })).status).toBe(201);
      await admin.call('DELETE', `/admin/keys/${body.id}`);
      expect((await short.call('POST', `/conversations/${id}/messages`, { content: 'x' })).status).toBe(401);
      const rows = await world.database.query('select from messages where conversation_id = $1', [id]);
      expect(rows).toHaveLength(1);
    });
  });

  describe('a message of a user', () => {
    it('is edited and deleted by a key, which is audited', async () => {
      const [owner] = await world.users(1);
      const id = await world.group(owner);
      const { body: sent } = await owner.call('POST', `/conversations/${id}/messages`, { content: 'a secret' });
      const edited = await key.call('PATCH', `/messages/${sent.id}`, { content: 'no secret' });
      expect(edited).toMatchObject({ status: 200, body: { content: 'no secret', sender_id: owner.userId } });
      expect((await key.call('GET', `/messages/${sent.id}/history`)).body.data).toMatchObject([
        { content: 'a secret' },
      ]);
      expect(await key.call('DELETE', `/messages/${sent.id}`)).toMatchObject({
        status: 200,
        body: { is_deleted: true },
      });
      expect(await auditOf(sent.id as string)).toEqual(['message.edit', 'message.delete']);
    });

    it('is a system message of Parley, which no key can delete, in contrast to its own', async () => {
      const [owner] = await world.users(1);
      const id = await world.group(owner);
      await admin.call('POST', `/conversations/${id}/participants`, { user_ids: [admin.userId], reason: 'threats' });
      const [joined] = (await key.call('GET', `/conversations/${id}/messages`)).body.data;
      expect(joined).toMatchObject({ message_type: 'system', sender_id: admin.userId });
      expect((await key.call('DELETE', `/messages/${joined.id}`)).body.error.code).toBe('MESSAGE_NOT_EDITABLE');
      const { body: own } = await key.call('POST', `/conversations/${id}/messages`, {
        content: 'x',
        message_type: 'system',
      });
      expect((await owner.call('DELETE', `/messages/${own.id}`)).body.error.code).toBe('MESSAGE_NOT_EDITABLE');
      expect((await key.call('PATCH', `/messages/${own.id}`, { content: 'y' })).status).toBe(200);
      expect((await key.call('DELETE', `/messages/${own.id}`)).status).toBe(200);
      expect(await auditOf(own.id as string)).toEqual([]);
    });
  });

  describe('a conversation of users', () => {
    it('is read and changed by a key without joining it, without a system message, and audited', async () => {
      const [owner, member, other] = await world.users(3);
      const id = await world.group(owner, [member]);
      await owner.call('POST', `/conversations/${id}/messages`, { content: 'for members' });
      const shown = (await key.call('GET', `/conversations/${id}`)).body;
      expect(shown).toMatchObject({ role: null, unread_count: 0, last_message: { content: 'for members' } });
      expect(shown.participants).toHaveLength(2);
      expect(shown.own_capabilities).toEqual(
        expect.arrayContaining(['send_message', 'delete_any', 'update', 'delete']),
      );
      const call = (method: string, path: string, body?: object) =>
        key.call(method, `/conversations/${id}${path}`, body);
      expect((await call('PATCH', '', { title: 'By key', metadata: { k: 'v' } })).body).toMatchObject({
        title: 'By key',
      });
      expect((await call('POST', '/participants', { user_ids: [other.userId] })).status).toBe(201);
      expect((await call('PATCH', `/participants/${other.userId}`, { role: 'owner' })).status).toBe(200);
      expect((await call('DELETE', `/participants/${owner.userId}`)).status).toBe(204);
      expect((await other.call('GET', `/conversations/${id}`)).body).toMatchObject({
        role: 'owner',
        participant_count: 2,
      });
      expect(contents(await call('GET', '/messages'))).toEqual(['for members']);
      expect(await auditOf(id)).toEqual([
        'conversation.update',
        'participant.add',
        'participant.update',
        'participant.remove',
      ]);
      expect((await call('DELETE', '')).status).toBe(204);
      expect((await other.call('GET', `/conversations/${id}`)).status).toBe(404);
      for (const path of ['/leave', '/join']) expect((await call('POST', path)).status).toBe(403);
    });

    it('is created without an owner, and for two users as their direct conversation', async () => {
      const [anna, ben] = await world.users(2);
      const made = await key.call('POST', '/conversations', { type: 'group', title: 'Empty' });
      expect(made).toMatchObject({ status: 201, body: { participant_count: 0 } });
      const body = { user_ids: [anna.userId] };
      const added = await key.call('POST', `/conversations/${made.body.id}/participants`, body);
      expect(added.body.data).toMatchObject([{ user_id: anna.userId, role: 'participant' }]);
      const pair = { type: 'direct', participant_ids: [anna.userId, ben.userId] };
      const direct = await key.call('POST', '/conversations', pair);
      expect([direct.status, (await key.call('POST', '/conversations', pair)).status]).toEqual([201, 200]);
      const same = await anna.call('POST', '/conversations', { type: 'direct', participant_ids: [ben.userId] });
      expect([same.status, same.body.id]).toEqual([200, direct.body.id]);
      for (const ids of [[anna.userId], [], [anna.userId, ben.userId, admin.userId]]) {
        expect((await key.call('POST', '/conversations', { type: 'direct', participant_ids: ids })).status).toBe(400);
      }
      const change = (change: object) => key.call('PATCH', `/conversations/${direct.body.id}`, change);
      expect((await change({ metadata: { order: '7' } })).body.metadata).toEqual({ order: '7' });
      expect((await change({ title: 'A title' })).body.error.code).toBe('DIRECT_CONVERSATION_FIXED');
    });

    it('is listed for a key by member and metadata', async () => {
      const [anna, ben] = await world.users(2);
      const team = randomUUID();
      const make = async (members: User[], metadata: object) =>
        (await put(randomUUID(), { type: 'group', participant_ids: members.map(({ userId }) => userId), metadata }))
          .body.id;
      const both = await make([anna, ben], { team });
      const annas = await make([anna], { team, kind: 'a' });
      await make([ben], { team: randomUUID() });
      const list = async (query: string) =>
        (await key.call('GET', `/conversations?${query}`)).body.data.map((one: { id: string }) => one.id);
      expect(await list(`metadata.team=${team}`)).toEqual([annas, both]);
      expect(await list(`metadata.team=${team}&metadata.kind=a`)).toEqual([annas]);
      expect((await list(`member=${anna.userId}`)).sort()).toEqual([annas, both].sort());
      expect(await list(`member=${anna.userId}&metadata.kind=a`)).toEqual([annas]);
      const first = (await key.call('GET', `/conversations?limit=1&metadata.team=${team}`)).body;
      expect(first).toMatchObject({ data: [{ id: annas }], has_more: true });
      expect(await list(`limit=1&metadata.team=${team}&cursor=${first.next_cursor}`)).toEqual([both]);
      expect((await list('limit=100')).length).toBeGreaterThan(3);
      expect((await key.call('GET', '/conversations?is_archived=true')).status).toBe(400);
      const shared = await anna.call('GET', `/conversations?member=${ben.userId}`);
      expect(shared.body.data.map((one: { id: string }) => one.id)).toEqual([both]);
    });
  });

  describe('with the scope moderation', () => {
    it('reads the conversation around a report and deletes the message, without joining', async () => {
      const [owner, member] = await world.users(2);
      const id = await world.group(owner, [member]);
      const { body: sent } = await owner.call('POST', `/conversations/${id}/messages`, { content: 'buy this' });
      const report = { target_type: 'message', target_id: sent.id, category: 'spam' };
      const { body: reported } = await member.call('POST', '/reports', report);
      const moderation = await keyWith('moderation');
      const read = (client: ApiClient) => client.call('GET', `/admin/reports/${reported.id}/messages`);
      expect(contents(await read(moderation))).toEqual(['buy this']);
      expect((await read(key)).status).toBe(403);
      const remove = (client: ApiClient) => client.call('DELETE', `/admin/messages/${sent.id}`, { reason: 'spam' });
      expect((await remove(key)).status).toBe(403);
      expect((await remove(moderation)).status).toBe(204);
      expect(await auditOf(id)).toEqual(['report.read_conversation']);
      expect(await auditOf(sent.id as string)).toEqual(['message.take_down']);
    });
  });
});
