import { type HttpResponse, request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import { JsonSocket } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const ORIGIN = 'https://chat.example.com';

describe('the socket of the messaging dialect', () => {
  let world: World;
  let john: RegisteredUser;
  let mary: RegisteredUser;
  let conversationId: string;
  const sockets: JsonSocket[] = [];
  const open = (path: string, headers: Record<string, string> = {}): JsonSocket => {
    const socket = new JsonSocket(world.url, path, { headers });
    sockets.push(socket);
    return socket;
  };
  const enter = async (user: RegisteredUser, id = conversationId, query = ''): Promise<JsonSocket> => {
    const socket = open(`/ws/chat/${id}/?token=${user.token}${query}`);
    await socket.next('connection_established');
    return socket;
  };
  const csrf = (headers: Record<string, string> = {}, user?: RegisteredUser): Promise<HttpResponse> =>
    request('GET', `${world.url}/api/csrf/`, { token: user?.token, headers });
  const cookieOf = ({ headers }: HttpResponse): string => headers.getSetCookie()[0]?.split(';')[0] ?? '';

  beforeAll(async () => {
    world = await World.start({ ALLOWED_ORIGINS: ORIGIN, TRUST_PROXY: '1' });
    [john, mary] = [await world.register('john'), await world.register('mary')];
    conversationId = await world.group(john, [mary]);
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await world.stop();
  });

  it('greets its user and delivers messages in the documented form', async () => {
    const johns = open(`/ws/chat/${conversationId}/?token=${john.token}`);
    expect(await johns.next(() => true)).toEqual({
      type: 'connection_established',
      conversation_id: conversationId,
      user_id: john.id,
      timestamp: TIME,
    });
    const marys = await enter(mary);
    johns.send({ type: 'message', message: 'Hello, world!', message_type: 'text' });
    const [own, heard] = [await johns.next('chat_message'), await marys.next('chat_message')];
    expect(heard).toMatchObject({
      type: 'chat_message',
      message_id: expect.any(String),
      sequence_number: 1,
      content: 'Hello, world!',
      sender_id: john.id,
      sender_name: 'john',
      message_type: 'text',
      created_at: TIME,
      timestamp: TIME,
    });
    expect(heard.microsecond_timestamp).toBe(Date.parse(heard.created_at as string));
    expect(own.message_id).toBe(heard.message_id);
  });

  it('delivers messages that were sent over other APIs, and none of other conversations', async () => {
    const elsewhere = await world.group(john, [mary]);
    const marys = await enter(mary, elsewhere);
    await john.call('POST', `/conversations/${conversationId}/messages`, { content: 'not here' });
    const native = await john.webSocket();
    await native.request('message.send', { conversation_id: elsewhere, content: 'here' });
    await request('POST', `${world.url}/api/messaging/conversations/${elsewhere}/messages/`, {
      token: john.token,
      body: { content: 'and here' },
    });
    expect((await marys.next('chat_message')).content).toBe('here');
    expect((await marys.next('chat_message')).content).toBe('and here');
  });

  it('sends the start and the end of typing to other participants', async () => {
    const [johns, marys] = [await enter(john), await enter(mary)];
    johns.send({ type: 'typing', is_typing: true });
    expect(await marys.next('user_typing')).toEqual({
      type: 'user_typing',
      user_id: john.id,
      user_name: 'john',
      is_typing: true,
      timestamp: TIME,
    });
    johns.send({ type: 'typing', is_typing: false });
    expect(await marys.next('user_typing')).toMatchObject({ is_typing: false });
    expect(johns.frames.filter(({ type }) => type === 'user_typing')).toEqual([]);
  });

  it.each<[string, object | string, string]>([
    ['invalid JSON', '{', 'INVALID_FRAME'],
    ['a frame without a type', { message: 'x' }, 'INVALID_FRAME'],
    ['an unknown type', { type: 'dance' }, 'UNKNOWN_FRAME_TYPE'],
    ['a message without text', { type: 'message' }, 'VALIDATION_ERROR'],
    ['an empty message', { type: 'message', message: ' ' }, 'VALIDATION_ERROR'],
    ['a message of the server', { type: 'message', message: 'x', message_type: 'system' }, 'INVALID_MESSAGE_TYPE'],
    ['a message of no type', { type: 'message', message: 'x', message_type: 'dance' }, 'INVALID_MESSAGE_TYPE'],
    ['too long a message', { type: 'message', message: 'x'.repeat(5001) }, 'CONTENT_TOO_LONG'],
    ['a sender of its own', { type: 'message', message: 'x', sender_id: 'me' }, 'VALIDATION_ERROR'],
  ])('answers %s with an error in the documented form', async (_name, frame, code) => {
    const socket = await enter(john);
    socket.send(frame);
    expect(await socket.next('error')).toEqual({ type: 'error', message: expect.any(String), code });
    socket.send({ type: 'message', message: 'still here' });
    await socket.next(({ type, content }) => type === 'chat_message' && content === 'still here');
  });

  it('sends edits only to clients that connect with ext=1', async () => {
    const [strict, extended] = [await enter(mary), await enter(mary, conversationId, '&ext=1')];
    const { body } = await john.call('POST', `/conversations/${conversationId}/messages`, { content: 'before' });
    await john.call('PATCH', `/messages/${body.id}`, { content: 'after' });
    const updated = await extended.next('message.updated');
    expect(updated.data.message.content).toBe('after');
    await john.call('POST', `/conversations/${conversationId}/messages`, { content: 'last' });
    await strict.next(({ content }) => content === 'last');
    const documented = ['connection_established', 'chat_message', 'user_typing', 'rate_limit_exceeded', 'error'];
    expect(strict.frames.map(({ type }) => type as string).filter((type) => !documented.includes(type))).toEqual([]);
  });

  it('notifies a participant who was removed, and delivers nothing more', async () => {
    const emil = await world.register('emil');
    const group = await world.group(john, [emil]);
    const socket = await enter(emil, group);
    await john.call('DELETE', `/conversations/${group}/participants/${emil.id}`);
    expect(await socket.next('error')).toMatchObject({ code: 'PERMISSION_DENIED' });
    socket.send({ type: 'message', message: 'let me in' });
    expect(await socket.next('error')).toMatchObject({ code: 'PERMISSION_DENIED' });
  });

  it.each<[string, (own: string) => [string, Record<string, string>?], string, number]>([
    ['without a credential', (id) => [`/ws/chat/${id}/`], 'AUTHENTICATION_REQUIRED', 4401],
    ['with a wrong token', (id) => [`/ws/chat/${id}/?token=no`], 'AUTHENTICATION_REQUIRED', 4401],
    [
      'of an unknown conversation',
      () => [`/ws/chat/01930000-0000-7000-8000-000000000000/?token=${john.token}`],
      'CONVERSATION_NOT_FOUND',
      4404,
    ],
    ['of a broken name', () => [`/ws/chat/%E0%A4%A/?token=${john.token}`], 'CONVERSATION_NOT_FOUND', 4404],
    [
      'of a user who is not a participant',
      (id) => [`/ws/chat/${id}/`, { authorization: `Bearer ${mary.token}` }],
      'PERMISSION_DENIED',
      4403,
    ],
  ])('sends the reason and closes a connection %s', async (_name, address, code, close) => {
    const own = await world.group(john);
    const socket = open(...address(own));
    expect(await socket.next(() => true)).toMatchObject({ type: 'error', message: expect.any(String), code });
    expect((await socket.closed).code).toBe(close);
  });

  describe('a connection with the session cookie', () => {
    it('opens as documented: first GET /api/csrf/, then the socket', async () => {
      const answer = await csrf({}, john);
      expect(answer.body).toMatchObject({ csrf_token: expect.any(String), is_authenticated: true, user_id: john.id });
      expect(answer.headers.getSetCookie()[0]).toMatch(
        /^parley_session=[0-9a-f-]{36}; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Lax$/,
      );
      const socket = open(`/ws/chat/${conversationId}/`, { cookie: cookieOf(answer), origin: ORIGIN });
      expect(await socket.next('connection_established')).toMatchObject({ user_id: john.id });
      socket.send({ type: 'message', message: 'by cookie' });
      expect(await socket.next('chat_message')).toMatchObject({ content: 'by cookie', sender_id: john.id });
    });

    it('opens from the same origin', async () => {
      const cookie = cookieOf(await csrf({}, john));
      const socket = open(`/ws/chat/${conversationId}/`, { cookie, origin: world.url });
      await socket.next('connection_established');
    });

    it('is refused from other origins and without one', async () => {
      const cookie = cookieOf(await csrf({}, john));
      for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`, 'http://chat.example.com']) {
        const socket = open(`/ws/chat/${conversationId}/`, { cookie, origin });
        expect([origin, await socket.refused]).toEqual([origin, 403]);
      }
      const socket = open(`/ws/chat/${conversationId}/`, { cookie });
      expect((await socket.closed).code).toBe(4401);
    });

    it('ends with the session', async () => {
      const dora = await world.register('dora');
      const id = await world.group(dora);
      const cookie = cookieOf(await csrf({}, dora));
      const living = open(`/ws/chat/${id}/`, { cookie, origin: ORIGIN });
      await living.next('connection_established');
      await dora.call('POST', '/auth/logout');
      expect((await living.closed).code).toBe(4401);
      const late = open(`/ws/chat/${id}/`, { cookie, origin: ORIGIN });
      expect((await late.closed).code).toBe(4401);
    });

    it('needs a cookie with the prefix and Secure behind TLS', async () => {
      const tls = { 'x-forwarded-proto': 'https' };
      const answer = await csrf(tls, john);
      expect(answer.headers.getSetCookie()[0]).toMatch(
        /^__Host-parley_session=[0-9a-f-]{36}; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
      );
      const key = cookieOf(answer).split('=')[1]!;
      const planted = open(`/ws/chat/${conversationId}/`, { ...tls, cookie: `parley_session=${key}`, origin: ORIGIN });
      expect((await planted.closed).code).toBe(4401);
      const right = open(`/ws/chat/${conversationId}/`, { ...tls, cookie: cookieOf(answer), origin: ORIGIN });
      await right.next('connection_established');
    });
  });

  describe('GET /api/csrf/', () => {
    it('returns no user without a session, and removes an invalid cookie', async () => {
      const anonymous = await csrf();
      expect(anonymous.body).toMatchObject({ csrf_token: expect.any(String), is_authenticated: false, user_id: null });
      expect(anonymous.headers.getSetCookie()).toEqual([]);
      const stale = await csrf({ cookie: 'parley_session=planted' });
      expect(stale.headers.getSetCookie()[0]).toMatch(/^parley_session=; Path=\/; Expires=Thu, 01 Jan 1970/);
    });

    it('returns the same token for the same session, and another key for another session', async () => {
      const first = await csrf({}, john);
      const again = await csrf({ cookie: cookieOf(first) });
      expect(again.body).toEqual(first.body);
      expect(again.headers.getSetCookie()).toEqual([]);
      const changed = await csrf({ cookie: cookieOf(first) }, mary);
      expect(changed.body.user_id).toBe(mary.id);
      expect(cookieOf(changed)).not.toBe(cookieOf(first));
      expect((await csrf({ cookie: cookieOf(first) })).body.is_authenticated).toBe(false);
    });

    it('gives no cookie that authenticates other calls', async () => {
      const cookie = cookieOf(await csrf({}, john));
      const answer = await request('GET', `${world.url}/api/messaging/conversations/`, { headers: { cookie } });
      expect(answer.status).toBe(401);
    });
  });
});

describe('the limits of the messaging dialect', () => {
  let world: World;
  let john: RegisteredUser;
  let conversationId: string;
  beforeAll(async () => {
    world = await World.start({ RATE_LIMIT_MULTIPLIER: '1' });
    john = await world.register('john');
    conversationId = await world.group(john);
  });
  afterAll(() => world.stop());

  it('counts calls and frames together, and reports the limit as documented', async () => {
    const path = `/api/messaging/conversations/${conversationId}/messages/`;
    const send = (): Promise<HttpResponse> =>
      request('POST', world.url + path, { token: john.token, body: { content: 'x' } });
    const first = await send();
    expect([first.headers.get('x-ratelimit-limit'), first.headers.get('x-ratelimit-remaining')]).toEqual(['60', '59']);
    const socket = new JsonSocket(world.url, `/ws/chat/${conversationId}/?token=${john.token}`);
    await socket.next('connection_established');
    for (let i = 0; i < 59; i++) {
      socket.send({ type: 'message', message: 'y' });
      await socket.next(({ content }: AnyJson) => content === 'y');
    }
    socket.send({ type: 'message', message: 'one too many' });
    expect(await socket.next('rate_limit_exceeded')).toEqual({
      type: 'rate_limit_exceeded',
      reason: 'message_rate_limit_exceeded',
      retry_after: expect.any(Number),
      message: 'Message rate limit exceeded. Please slow down.',
    });
    const { status, body, headers } = await send();
    expect(status).toBe(429);
    expect(body).toMatchObject({ error: 'Rate limit exceeded', limit: 60, remaining: 0, code: 'RATE_LIMIT_EXCEEDED' });
    expect(body.retry_after).toBe(Number(headers.get('retry-after')));
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1);
    for (let i = 0; i < 31; i++) socket.send({ type: 'typing', is_typing: true });
    expect(await socket.next('rate_limit_exceeded')).toMatchObject({
      reason: 'typing_rate_limit_exceeded',
      message: 'Typing rate limit exceeded. Please slow down.',
    });
    socket.close();
  });

  it('accepts ten sockets a minute from a user', async () => {
    const mary = await world.register('mary');
    const own = await world.group(mary);
    const path = `/ws/chat/${own}/?token=${mary.token}`;
    for (let i = 0; i < 10; i++) {
      const socket = new JsonSocket(world.url, path);
      await socket.next('connection_established');
      socket.close();
    }
    const socket = new JsonSocket(world.url, path);
    expect(await socket.next('rate_limit_exceeded')).toMatchObject({
      reason: 'connection_rate_limit_exceeded',
      retry_after: expect.any(Number),
    });
    expect((await socket.closed).code).toBe(4308);
  });
});

describe('an installation without the messaging dialect', () => {
  it('has none of its routes', async () => {
    const world = await World.start({ DIALECTS: 'rooms,direct,classroom,chat' });
    const john = await world.register('john');
    const own = await world.group(john);
    for (const path of ['/api/csrf/', '/api/messaging/conversations/', '/api/messaging/stats/']) {
      expect((await request('GET', world.url + path, { token: john.token })).status).toBe(404);
    }
    const socket = new JsonSocket(world.url, `/ws/chat/${own}/?token=${john.token}`);
    expect(await socket.refused).toBe(404);
    await world.stop();
  });
});
