import { createHmac } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { JsonSocket } from '../support/client/web-socket.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { type LiteralCall, literalCalls } from '../support/literal-calls.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/) as string;
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const MISSING_ID = '01930000-0000-7000-8000-000000000000';

describe('the direct dialect', () => {
  let world: World;
  let ana: RegisteredUser;
  let ben: RegisteredUser;
  let eve: RegisteredUser;
  let anas: LiteralCall;
  let bens: LiteralCall;
  let eves: LiteralCall;
  let anonymous: LiteralCall;
  const sockets: JsonSocket[] = [];

  beforeAll(async () => {
    world = await World.start({ WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    [ana, ben, eve] = [await world.register('ana'), await world.register('ben'), await world.register('eve')];
    [anas, bens, eves] = [ana, ben, eve].map(({ token }) => literalCalls(world.url, token)) as [
      LiteralCall,
      LiteralCall,
      LiteralCall,
    ];
    anonymous = literalCalls(world.url);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await world.stop();
  });

  const send = async (call: LiteralCall, body: object) => (await call('POST', '/api/messages', body)).body;
  const group = async (...members: RegisteredUser[]): Promise<string> =>
    (await anas('POST', '/api/groups', { name: 'Group Name', members: members.map(({ id }) => id) })).body.id as string;
  const listen = async (token: string, query = ''): Promise<JsonSocket> => {
    const socket = new JsonSocket(world.url, `/ws?token=${token}${query}`);
    sockets.push(socket);
    await socket.opened;
    return socket;
  };

  describe('users', () => {
    it('registers, logs in, refreshes and changes a profile, as documented', async () => {
      const account = {
        email: 'user@example.com',
        password: 'secure_password',
        username: 'username',
        display_name: 'Display Name',
      };
      const registered = await anonymous('POST', '/api/users', account);
      expect(registered.status).toBe(201);
      expect(registered.body).toEqual({
        id: ID,
        email: 'user@example.com',
        username: 'username',
        display_name: 'Display Name',
        created_at: TIME,
      });
      const { email, password } = account;
      const login = await anonymous('POST', '/api/auth/login', { email, password });
      const tokens = {
        access_token: expect.any(String),
        refresh_token: expect.any(String),
        expires_in: 3600,
        token_type: 'Bearer',
      };
      expect([login.status, login.body]).toEqual([200, tokens]);
      const refreshed = await anonymous('POST', '/api/auth/refresh', { refresh_token: login.body.refresh_token });
      expect([refreshed.status, refreshed.body]).toEqual([200, tokens]);
      const unknown = await anonymous('POST', '/api/auth/refresh', { refresh_token: 'x'.repeat(43) });
      const refusal = { code: 'unauthorized', message: 'Invalid or expired token', details: { token_expired: false } };
      expect([unknown.status, unknown.body]).toEqual([401, { error: refusal }]);
      const own = literalCalls(world.url, refreshed.body.access_token as string);
      const profile = await own('PATCH', `/api/users/${registered.body.id}`, {
        display_name: 'New Display Name',
        bio: 'Updated bio',
        location: 'New City, Country',
      });
      expect([profile.status, profile.body]).toEqual([
        200,
        {
          id: registered.body.id,
          username: 'username',
          display_name: 'New Display Name',
          status: 'offline',
          last_seen: null,
          profile: { bio: 'Updated bio', avatar_url: null, location: 'New City, Country' },
        },
      ]);
      expect((await anas('GET', `/api/users/${registered.body.id}`)).body).toEqual(profile.body);
    });

    it('changes no profile of another user', async () => {
      const { status, body } = await anas('PATCH', `/api/users/${ben.id}`, { bio: 'hers' });
      expect([status, body.error.code]).toEqual([403, 'permission_denied']);
    });

    it('presents whether a user is online', async () => {
      await listen(ben.token);
      await send(anas, { receiver_id: ben.id, content: 'there?' });
      const { body } = await anas('GET', `/api/users/${ben.id}`);
      expect(body).toMatchObject({ status: 'online', last_seen: TIME });
    });
  });

  describe('messages', () => {
    it('sends to a user and creates the conversation', async () => {
      const first = await send(anas, { receiver_id: eve.id, content: 'Hi' });
      const metadata = { reply_to: first.id, mentions: [eve.id], more: { of: 'it' } };
      const sent = await anas('POST', '/api/messages', {
        receiver_id: eve.id,
        content: 'Hello, world!',
        type: 'text',
        metadata,
      });
      expect(sent.status).toBe(201);
      expect(sent.body).toEqual({
        id: ID,
        conversation_id: first.conversation_id,
        sender_id: ana.id,
        receiver_id: eve.id,
        content: 'Hello, world!',
        is_deleted: false,
        type: 'text',
        status: 'sent',
        created_at: TIME,
        metadata,
      });
      const canonical = (await eve.call('GET', `/messages/${sent.body.id}`)).body;
      expect(canonical).toMatchObject({ reply_to_id: first.id, mentions: [eve.id], metadata });
      expect((await send(eves, { receiver_id: ana.id, content: 'Back' })).conversation_id).toBe(first.conversation_id);
    });

    it('stores a repeated send with the same key once, and returns the message as it is now', async () => {
      const again = (address: string, content: string) =>
        anas('POST', address, { receiver_id: eve.id, content }, { 'idempotency-key': 'direct-once' });
      const [first, second] = [await again('/api/messages', 'a secret'), await again('/v1/messages', 'a secret')];
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.headers.get('idempotency-replayed')).toBe('true');
      expect(second.body).toEqual(first.body);
      expect(await again('/api/messages', 'another')).toMatchObject({ status: 422 });
      await ana.call('DELETE', `/messages/${first.body.id}`);
      const gone = await again('/api/messages', 'a secret');
      expect(gone.body).toMatchObject({ id: first.body.id, content: '', is_deleted: true });
    });

    it('accepts metadata whose ids are not ids', async () => {
      const metadata = { reply_to: 'optional_message_id', mentions: ['user_id1', 'user_id2'] };
      const sent = await send(anas, { receiver_id: eve.id, content: 'x', type: 'text', metadata });
      expect(sent.metadata).toEqual(metadata);
    });

    it('sends to a group under each of its parameter names', async () => {
      const id = await group(ben);
      for (const place of [{ group_id: id }, { conversation_id: id }, { receiver_id: id }]) {
        const { body } = await anas('POST', '/api/messages', { ...place, content: 'to all' });
        expect(body).toMatchObject({ conversation_id: id, receiver_id: id, content: 'to all' });
      }
      for (const place of [{}, { group_id: id, receiver_id: ben.id }]) {
        const { status, body } = await anas('POST', '/api/messages', { ...place, content: 'x' });
        expect([status, body.error.details.field]).toEqual([400, 'receiver_id']);
      }
      expect((await eves('POST', '/api/messages', { receiver_id: id, content: 'x' })).status).toBe(403);
      expect((await anas('POST', '/api/messages', { receiver_id: MISSING_ID, content: 'x' })).status).toBe(404);
      const own = await anas('POST', '/api/messages', { receiver_id: ana.id, content: 'x' });
      expect([own.status, own.body.error.details.field]).toEqual([400, 'receiver_id']);
    });

    it('lists messages backwards and forwards, with the pagination headers', async () => {
      const id = await group(ben);
      const ids: string[] = [];
      for (let number = 1; number <= 7; number++) {
        ids.unshift((await send(anas, { conversation_id: id, content: `message ${number}` })).id as string);
      }
      const list = (query: string) => bens('GET', `/api/messages?conversation_id=${id}&limit=3${query}`);
      const first = await list('');
      expect(first.status).toBe(200);
      expect(first.body).toEqual({ messages: expect.any(Array), has_more: true, next_cursor: ids[2] });
      expect(first.body.messages[0]).toEqual({
        id: ids[0],
        conversation_id: id,
        sender_id: ana.id,
        content: 'message 7',
        is_deleted: false,
        type: 'text',
        status: expect.stringMatching(/^(?:sent|delivered)$/), // a socket of ben's may be open still
        created_at: TIME,
        metadata: {},
      });
      const idsOf = ({ body }: { body: { messages: { id: string }[] } }) => body.messages.map((message) => message.id);
      const placeOf = ({ headers }: { headers: Headers }) =>
        ['Total', 'Pages', 'Current-Page', 'Per-Page'].map((name) => headers.get(`X-Pagination-${name}`));
      const second = await list(`&before=${first.body.next_cursor}`);
      const third = await list(`&before=${second.body.next_cursor}`);
      const pages = [first, second, third];
      expect(pages.flatMap(idsOf)).toEqual(ids);
      expect(pages.map(placeOf)).toEqual([1, 2, 3].map((page) => ['7', '3', String(page), '3']));
      expect(third.body).toMatchObject({ has_more: false, next_cursor: null });
      const back = await list(`&after=${ids[6]}`);
      expect(idsOf(back)).toEqual(ids.slice(3, 6));
      expect([back.body.has_more, back.body.next_cursor, placeOf(back)[2]]).toEqual([true, ids[3], '2']);
      expect(idsOf(await list(`&after=${back.body.next_cursor}`))).toEqual(ids.slice(0, 3));
      expect((await list(`&after=${ids[6]}&before=${ids[0]}`)).status).toBe(400);
      expect((await list(`&before=${MISSING_ID}`)).status).toBe(404);
      expect((await eves('GET', `/api/messages?conversation_id=${id}`)).status).toBe(403);
    });

    it('lists messages of all own conversations in the order they were sent, and no others', async () => {
      const [kim, lou] = [await world.register('kim'), await world.register('lou')];
      const [kims, lous] = [kim, lou].map(({ token }) => literalCalls(world.url, token)) as [LiteralCall, LiteralCall];
      const sent: string[] = [];
      for (let cycle = 0; cycle < 3; cycle++) {
        for (const [call, receiver] of [
          [kims, ben],
          [lous, kim],
          [kims, ana],
        ] as const) {
          sent.unshift((await send(call, { receiver_id: receiver.id, content: `round ${cycle}` })).id as string);
        }
      }
      await send(lous, { receiver_id: ben.id, content: 'not for kim' });
      const seen: string[] = [];
      let cursor: string | null = '';
      for (let page = 1; cursor !== null; page++) {
        const { body, headers } = await kims('GET', `/api/messages?limit=4${cursor && `&before=${cursor}`}`);
        expect(headers.get('x-pagination-total')).toBe('9');
        expect(headers.get('x-pagination-current-page')).toBe(String(page));
        seen.push(...body.messages.map(({ id }: { id: string }) => id));
        cursor = body.next_cursor as string | null;
      }
      expect(seen).toEqual(sent);
      const foreign = (await bens('GET', `/api/messages?limit=1`)).body.messages[0].id as string;
      expect((await kims('GET', `/api/messages?before=${foreign}`)).status).toBe(403);
    });

    it('marks messages as delivered once a page without a filter or a socket delivers them', async () => {
      const lea = await world.register('lea');
      const anasSocket = await listen(ana.token, '&ext=1');
      await anasSocket.next('live');
      const { conversation_id: id } = await send(anas, { receiver_id: lea.id, content: 'shown' });
      const arrivedTo = (number: number) =>
        anasSocket.next(
          ({ type, conversation_id, data }) =>
            type === 'receipt.updated' && conversation_id === id && data.delivered_to_all_number === number,
        );
      const contents = async (status: string): Promise<string[]> => {
        const { body } = await anas('GET', `/api/messages?conversation_id=${id}&status=${status}`);
        return body.messages.map(({ content }: { content: string }) => content);
      };
      expect([await contents('sent'), await contents('delivered')]).toEqual([['shown'], []]);
      const leas = literalCalls(world.url, lea.token);
      const filtered = await leas('GET', `/api/messages?conversation_id=${id}&type=text`);
      expect(filtered.body.messages).toHaveLength(1);
      const participant = async () =>
        (await ana.call('GET', `/conversations/${id}/participants`)).body.data.find(
          ({ user_id }: { user_id: string }) => user_id === lea.id,
        );
      expect(await participant()).toMatchObject({ last_delivered_number: 0 });
      await leas('GET', `/api/messages?conversation_id=${id}`);
      expect(await participant()).toMatchObject({ last_delivered_number: 1 });
      await arrivedTo(1);
      await (await listen(lea.token, '&ext=1')).next('live');
      await send(anas, { receiver_id: lea.id, content: 'sent' });
      await arrivedTo(2);
      expect([await contents('sent'), await contents('delivered')]).toEqual([[], ['sent', 'shown']]);
      expect((await lea.call('GET', `/conversations/${id}`)).body.unread_count).toBe(2);
    });

    it('filters messages by status, type and date', async () => {
      const id = await group(ben);
      const first = await send(anas, { conversation_id: id, content: 'one' });
      const second = await send(anas, { conversation_id: id, content: 'two' });
      const contents = async (query: string) => {
        const { body, headers } = await anas('GET', `/api/messages?conversation_id=${id}&${query}`);
        expect([query, headers.get('x-pagination-total')]).toEqual([query, String(body.messages.length)]);
        return body.messages.map(({ content }: { content: string }) => content);
      };
      const bensSocket = await ben.webSocket();
      await bensSocket.request('message.delivered', { conversation_id: id, message_id: first.id });
      const anasSocket = await ana.webSocket();
      await bensSocket.request('message.read', { conversation_id: id, message_id: first.id });
      await bensSocket.request('message.delivered', { conversation_id: id, message_id: second.id });
      await anasSocket.first(
        ({ type, conversation_id, data }) =>
          type === 'receipt.updated' &&
          conversation_id === id &&
          data.delivered_to_all_number === 2 &&
          data.read_by_all_number === 1,
      );
      expect(await contents('status=read')).toEqual(['one']);
      expect(await contents('status=delivered')).toEqual(['two']);
      expect(await contents('status=sent')).toEqual([]);
      expect(await contents('status=active&type=text')).toEqual(['two', 'one']);
      expect(await contents('type=image')).toEqual([]);
      const today = new Date().toISOString().slice(0, 10);
      expect(await contents(`status=delivered&type=text&from=${today}&to=${today}`)).toEqual(['two']);
      expect(await contents('from=2024-03-01&to=2024-03-20')).toEqual([]);
      expect(await contents(`to=${encodeURIComponent(first.created_at)}`)).toEqual(['one']);
      await ana.call('DELETE', `/messages/${second.id}`);
      expect(await contents('status=active')).toEqual(['one']);
      const { messages } = (await anas('GET', `/api/messages?conversation_id=${id}`)).body;
      expect(messages.map(({ is_deleted }: { is_deleted: boolean }) => is_deleted)).toEqual([true, false]);
      expect((await anas('GET', '/api/messages?from=yesterday')).body.error.details.field).toBe('from');
    });
  });

  describe('groups', () => {
    it('creates a group with its members and settings, as documented', async () => {
      const settings = { is_private: false, allow_invites: true, message_retention_days: 30 };
      const { status, body } = await anas('POST', '/api/groups', {
        name: 'Group Name',
        description: 'Group description',
        members: [ben.id, eve.id],
        settings,
      });
      expect(status).toBe(201);
      expect(body).toEqual({
        id: ID,
        name: 'Group Name',
        description: 'Group description',
        owner_id: ana.id,
        created_at: TIME,
        members: [
          { user_id: ana.id, role: 'owner', joined_at: TIME },
          ...[ben.id, eve.id].sort().map((user_id) => ({ user_id, role: 'member', joined_at: TIME })),
        ],
        settings,
      });
    });
  });

  describe('webhooks', () => {
    it('sends the documented body and signature', async () => {
      const receiver = await WebhookReceiver.start();
      const made = await anas('POST', '/api/webhooks', {
        url: receiver.url(),
        events: ['message.created', 'user.updated'],
        secret: 'webhook_secret',
      });
      expect(made.status).toBe(201);
      expect(made.body).toEqual({
        id: ID,
        url: receiver.url(),
        events: ['message.created', 'user.updated'],
        secret: 'webhook_secret',
        is_active: false, // until the receiver answers the challenge
        created_at: TIME,
      });
      const sent = await send(anas, { receiver_id: ben.id, content: 'Message content' });
      const { text } = (await receiver.count(1))[0]!;
      const body = JSON.parse(text) as Record<string, unknown>;
      expect(body).toMatchObject({
        event: 'message.created',
        timestamp: TIME,
        data: { message_id: sent.id, sender_id: ana.id, content: 'Message content' },
      });
      const { signature, ...unsigned } = body;
      const expected = createHmac('sha256', 'webhook_secret').update(JSON.stringify(unsigned)).digest('hex');
      expect(signature).toBe(`sha256=${expected}`);
      await receiver.stop();
    });
  });

  describe('errors', () => {
    it('reports an unknown credential', async () => {
      const unauthorized = {
        error: { code: 'unauthorized', message: 'Invalid or expired token', details: { token_expired: false } },
      };
      const strangers = literalCalls(world.url, 'no-token-of-ours');
      for (const call of [anonymous, strangers]) {
        const { status, body } = await call('GET', '/api/messages');
        expect([status, body]).toEqual([401, unauthorized]);
      }
    });

    it('reports an expired credential', async () => {
      const past = Math.floor(Date.now() / 1000) - 60;
      const { kid } = decodeProtectedHeader(ana.token);
      const expired = await new SignJWT({ ...decodeJwt(ana.token), iat: past - 3600, exp: past })
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
        .sign(Buffer.from(world.config.jwtSecret));
      const { status, body } = await literalCalls(world.url, expired)('GET', '/api/messages');
      expect([status, body.error.details]).toEqual([401, { token_expired: true }]);
      const socket = new JsonSocket(world.url, `/ws?token=${expired}`);
      expect((await socket.next('error')).data.details).toEqual({ token_expired: true });
    });

    it('reports the first invalid field', async () => {
      const { status, body } = await anonymous('POST', '/api/users', {
        email: 'no address',
        username: 'someone',
        password: 'secure_password-orbit-41',
      });
      expect(status).toBe(400);
      expect(body.error).toMatchObject({
        code: 'validation_error',
        message: 'Invalid request data',
        details: { field: 'email', reason: expect.any(String) },
      });
    });

    it('reports an unknown path', async () => {
      expect((await anas('GET', '/api/groups/x/y')).body.error.code).toBe('not_found');
      expect((await anas('DELETE', '/v1/messages')).body.error.code).toBe('not_found');
    });
  });

  describe('versions', () => {
    it.each(['/v1', '/v1/api'])('serves %s as the current version', async (prefix) => {
      const sent = await anas('POST', `${prefix}/messages`, { receiver_id: ben.id, content: `under ${prefix}` });
      expect(sent.status).toBe(201);
      const { body } = await bens('GET', `${prefix}/messages/?conversation_id=${sent.body.conversation_id}&limit=1`);
      expect(body.messages).toMatchObject([{ id: sent.body.id }]);
      expect((await anas('GET', `${prefix}/users/${ben.id}`)).body.username).toBe('ben');
      expect((await anas('POST', `${prefix}/groups`, { name: 'x' })).status).toBe(201);
      const login = { email: 'ana@example.com', password: ana.password };
      expect((await anonymous('POST', `${prefix}/auth/login`, login)).status).toBe(200);
      expect((await anonymous('GET', `${prefix}/messages`)).body.error.code).toBe('unauthorized');
    });

    it('refuses the beta version to all users', async () => {
      for (const address of ['/v2', '/v2/messages', '/v2/users/x?y=z']) {
        const { status, body } = await anas('GET', address);
        expect([address, status, body.error.code]).toEqual([address, 403, 'permission_denied']);
      }
    });
  });

  describe('the socket', () => {
    it('accepts and sends messages in the same form', async () => {
      const [anasSocket, bensSocket] = [await listen(ana.token), await listen(ben.token)];
      anasSocket.send({ type: 'message', data: { receiver_id: ben.id, content: 'Message content', type: 'text' } });
      const frame = await bensSocket.next(({ data }) => data?.content === 'Message content');
      expect(frame).toEqual({
        type: 'message',
        data: {
          id: ID,
          conversation_id: ID,
          sender_id: ana.id,
          content: 'Message content',
          is_deleted: false,
          type: 'text',
          status: 'sent',
          created_at: TIME,
          metadata: {},
        },
      });
      expect(await anasSocket.next(({ data }) => data?.id === frame.data.id)).toEqual(frame);
    });

    it('sends who types', async () => {
      const id = await group(ben);
      const [anasSocket, bensSocket] = [await listen(ana.token), await listen(ben.token)];
      for (const is_typing of [true, false]) {
        // In the form the server sends; the user id in it makes no difference.
        anasSocket.send({ type: 'typing', data: { user_id: eve.id, conversation_id: id, is_typing } });
        expect(await bensSocket.next('typing')).toEqual({
          type: 'typing',
          data: { user_id: ana.id, conversation_id: id, is_typing },
        });
      }
    });

    it('sends who is online', async () => {
      const max = await world.register('max');
      await send(anas, { receiver_id: max.id, content: 'hello' });
      const anasSocket = await listen(ana.token);
      await listen(max.token);
      expect(await anasSocket.next(({ type, data }) => type === 'presence' && data.user_id === max.id)).toEqual({
        type: 'presence',
        data: { user_id: max.id, status: 'online', last_seen: TIME },
      });
    });

    it('answers pings of its own and of WebSocket', async () => {
      const anasSocket = await listen(ana.token);
      anasSocket.send({ type: 'ping' });
      expect(await anasSocket.next('pong')).toEqual({ type: 'pong', data: {} });
      const ponged = new Promise((resolve) => anasSocket.socket.once('pong', resolve));
      anasSocket.socket.ping();
      await ponged;
    });

    it('answers an invalid frame with an error, without closing', async () => {
      const anasSocket = await listen(ana.token);
      for (const [bad, code] of [
        ['nonsense', 'invalid_frame'],
        ['[]', 'invalid_frame'],
        [{ type: 'x'.repeat(65) }, 'invalid_frame'],
        [{ type: 'no_such' }, 'unknown_frame_type'],
        [{ type: 'message', data: { receiver_id: ben.id } }, 'validation_error'],
        [{ type: 'message', data: { receiver_id: MISSING_ID, content: 'x' } }, 'user_not_found'],
        [{ type: 'typing', data: { conversation_id: MISSING_ID } }, 'conversation_not_found'],
      ] as const) {
        anasSocket.send(bad);
        expect(await anasSocket.next('error')).toEqual({
          type: 'error',
          data: { code, message: expect.any(String), details: expect.any(Object) },
        });
      }
      expect(anasSocket.socket.readyState).toBe(1);
    });

    it('closes connections without a valid token', async () => {
      for (const address of ['/ws', '/ws?token=wrong', '/ws/?token=']) {
        const socket = new JsonSocket(world.url, address);
        const { data } = await socket.next('error');
        expect(data).toEqual({
          code: 'unauthorized',
          message: 'Invalid or expired token',
          details: { token_expired: false },
        });
        expect((await socket.closed).code).toBe(4401);
      }
    });

    it('sends frames outside the dialect only to clients that connect with ext=1', async () => {
      const id = await group(ben);
      const [plain, extended] = [await listen(ben.token), await listen(ben.token, '&ext=1')];
      const sent = await send(anas, { conversation_id: id, content: 'x' });
      await ana.call('PATCH', `/messages/${sent.id}`, { content: 'edited' });
      expect((await extended.next('message.updated')).data.message.content).toBe('edited');
      const last = await send(anas, { conversation_id: id, content: 'the last' });
      await plain.next(({ data }) => data?.id === last.id);
      const known = ['message', 'typing', 'presence', 'error', 'pong'];
      expect(plain.frames.filter(({ type }) => !known.includes(type as string))).toEqual([]);
    });
  });
});
