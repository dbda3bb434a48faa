import { SessionReconciler } from '../../src/platform/realtime/connection/session-reconciler.js';
import { type HttpOptions, type HttpResponse, request } from '../support/client/http.js';
import type { AnyJson } from '../support/client/inbox.js';
import { JsonSocket } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const KEY = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
const SERVER = { version: '1.0', source: 'server' };
const PREFERENCES = { theme: 'dark', notifications: true, auto_reconnect: true };

describe('the rooms dialect', () => {
  let world: World;
  let ana: RegisteredUser;
  let ben: RegisteredUser;
  const sockets: JsonSocket[] = [];
  const ask = (
    user: RegisteredUser | undefined,
    method: string,
    path: string,
    more: HttpOptions = {},
  ): Promise<HttpResponse> => request(method, world.url + path, { token: user?.token, ...more });
  const open = (query = ''): JsonSocket => {
    const socket = new JsonSocket(world.url, `/ws/chat/${query}`);
    sockets.push(socket);
    return socket;
  };
  const welcomed = async (query = ''): Promise<{ socket: JsonSocket; welcome: AnyJson }> => {
    const socket = open(query);
    return { socket, welcome: await socket.next(({ data }) => data.action === 'welcome') };
  };
  const session = async (user: RegisteredUser): Promise<string> =>
    (await ask(user, 'POST', '/api/sessions/', { body: { user_id: user.id } })).body.session_id as string;
  const text = (content: string, more: object = {}): object => ({
    type: 'text_message',
    timestamp: 1640995200000,
    session_id: '550e8400-e29b-41d4-a716-446655440000',
    data: { content, room_id: 'general', ...more },
    metadata: { version: '1.0', source: 'client' },
  });
  const says =
    (content: string) =>
    (frame: AnyJson): boolean =>
      frame.type === 'text_message' && frame.data.content === content;

  beforeAll(async () => {
    world = await World.start({ GUEST_ACCESS: 'write' });
    [ana, ben] = [await world.register('ana'), await world.register('ben')];
    for (const user of [ana, ben]) await ask(user, 'POST', '/api/rooms/general/join/', { body: {} });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.close();
    await world.stop();
  });

  it('answers GET /healthz as documented', async () => {
    const { status, body } = await ask(undefined, 'GET', '/healthz');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'healthy',
      timestamp: TIME,
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      components: expect.objectContaining({ database: 'healthy', redis: 'disabled', websocket: 'healthy' }),
      metrics: {
        active_connections: expect.any(Number),
        total_messages_processed: expect.any(Number),
        uptime_seconds: expect.any(Number),
      },
    });
  });

  describe('sessions', () => {
    it('creates a session for the caller, and returns it to every client with its key', async () => {
      const body = { user_id: ana.id, preferences: PREFERENCES };
      const created = await ask(ana, 'POST', '/api/sessions/', { body });
      expect(created.status).toBe(201);
      expect(created.body).toEqual({
        session_id: KEY,
        user_id: ana.id,
        created_at: TIME,
        expires_at: TIME,
        websocket_url: `${world.url.replace('http', 'ws')}/ws/chat/?session_id=${created.body.session_id}`,
      });
      const shown = await ask(undefined, 'GET', `/api/sessions/${created.body.session_id}/`);
      expect(shown.status).toBe(200);
      expect(shown.body).toEqual({
        session_id: created.body.session_id,
        user_id: ana.id,
        status: 'active',
        created_at: created.body.created_at,
        expires_at: created.body.expires_at,
        last_activity: TIME,
        preferences: PREFERENCES,
        statistics: { messages_sent: 0, messages_received: 0, connection_time_seconds: 0 },
      });
    });

    it('creates no session for another user, and returns none to them', async () => {
      const created = await ask(ana, 'POST', '/api/sessions/', { body: { user_id: ben.id } });
      expect([created.status, created.body.error_code]).toEqual([403, 'PERMISSION_DENIED']);
      expect((await ask(undefined, 'POST', '/api/sessions/', { body: { user_id: ana.id } })).status).toBe(401);
      expect((await ask(ben, 'GET', `/api/sessions/${await session(ana)}/`)).status).toBe(403);
      const unknown = await ask(undefined, 'GET', '/api/sessions/550e8400-e29b-41d4-a716-446655440000/');
      expect([unknown.status, unknown.body.error_code]).toEqual([404, 'SESSION_NOT_FOUND']);
    });

    it('stores only a hash of the key', async () => {
      const key = await session(ana);
      const rows = await world.database.query(
        `select encode(key_hash, 'escape') as hash, preferences from session_keys`,
      );
      expect(JSON.stringify(rows)).not.toContain(key);
    });

    it('counts the frames of its sockets', async () => {
      const key = await session(ana);
      const { socket } = await welcomed(`?session_id=${key}`);
      socket.send(text('counted'));
      await socket.next(says('counted'));
      const other = (await welcomed(`?token=${ben.token}`)).socket;
      other.send(text('received'));
      await socket.next(says('received'));
      const { body } = await ask(undefined, 'GET', `/api/sessions/${key}/`);
      expect(body.statistics).toMatchObject({ messages_sent: 1, messages_received: 2 });
      expect(body.statistics.connection_time_seconds).toBeGreaterThanOrEqual(0);
    });

    it('ends with a change of the password in the login it came from', async () => {
      const finn = await world.register('finn');
      const key = await session(finn);
      expect((await ask(undefined, 'GET', `/api/sessions/${key}/`)).status).toBe(200);
      const { socket } = await welcomed(`?session_id=${key}`);
      const { socket: own } = await welcomed(`?token=${finn.token}`);
      const body = { current_password: finn.password, new_password: 'plum orbit 41 lamp' };
      expect((await finn.call('POST', '/auth/password', body)).status).toBe(204);
      expect((await socket.closed).code).toBe(4401);
      own.send(text('still here'));
      await own.next(says('still here'));
      expect((await ask(undefined, 'GET', `/api/sessions/${key}/`)).status).toBe(404);
    });

    it('closes its sockets even if no process announces its end', async () => {
      const { socket } = await welcomed(`?session_id=${await session(ben)}`);
      const { socket: other } = await welcomed(`?session_id=${await session(ana)}`);
      await world.database.query(
        `delete from session_keys where session_id in (select id from sessions where user_id = $1)`,
        [ben.id],
      );
      await world.get(SessionReconciler).reconcile();
      expect((await socket.closed).code).toBe(4401);
      other.send(text('not ended'));
      await other.next(says('not ended'));
    });

    it('ends with the login it came from', async () => {
      const dora = await world.register('dora');
      const key = await session(dora);
      const { socket } = await welcomed(`?session_id=${key}`);
      await dora.call('POST', '/auth/logout');
      expect((await socket.closed).code).toBe(4401);
      expect((await ask(undefined, 'GET', `/api/sessions/${key}/`)).status).toBe(404);
      const late = open(`?session_id=${key}`);
      expect((await late.next('error')).data.error_code).toBe('AUTHENTICATION_ERROR');
      expect((await late.closed).code).toBe(4401);
    });
  });

  describe('rooms', () => {
    it('lists rooms in pages, with the number of active users', async () => {
      for (const [slug, category] of [
        ['chess', 'games'],
        ['go', 'games'],
      ]) {
        await ana.call('POST', '/conversations', { type: 'room', slug, category, title: `The ${slug} room` });
      }
      await ana.call('POST', '/conversations', { type: 'room', slug: 'closed', settings: { is_private: true } });
      await welcomed(`?token=${ana.token}`);
      const all = await ask(undefined, 'GET', '/api/rooms/');
      expect(all.body.pagination).toEqual({ total: 3, limit: 50, offset: 0, has_next: false });
      expect(all.body.rooms[0]).toEqual({
        room_id: 'general',
        name: 'General',
        description: '',
        category: 'general',
        active_users: expect.any(Number),
        created_at: TIME,
      });
      expect(all.body.rooms.map(({ room_id }: { room_id: string }) => room_id)).toEqual(['general', 'chess', 'go']);
      const games = await ask(undefined, 'GET', '/api/rooms/?category=games&limit=1&offset=0');
      expect(games.body).toMatchObject({
        rooms: [{ room_id: 'chess', name: 'The chess room', category: 'games' }],
        pagination: { total: 2, limit: 1, offset: 0, has_next: true },
      });
      const rest = await ask(undefined, 'GET', '/api/rooms/?category=games&limit=1&offset=1');
      expect(rest.body).toMatchObject({ rooms: [{ room_id: 'go' }], pagination: { has_next: false } });
      expect((await ask(undefined, 'GET', '/api/rooms/?category=general')).body.pagination.total).toBe(1);
    });

    it('joins with the session, by slug or id, and returns the number of active users', async () => {
      const emil = await world.register('emil');
      const key = await session(emil);
      await welcomed(`?session_id=${key}`);
      const { status, body } = await ask(undefined, 'POST', '/api/rooms/general/join/', { body: { session_id: key } });
      expect([status, body]).toEqual([
        200,
        { room_id: 'general', session_id: key, joined_at: TIME, active_users: expect.any(Number) },
      ]);
      expect(body.active_users).toBeGreaterThanOrEqual(1);
      const { body: room } = await emil.call('GET', '/conversations/general');
      const again = await ask(undefined, 'POST', `/api/rooms/${room.id}/join/`, { body: { session_id: key } });
      expect([again.status, again.body.room_id]).toEqual([200, 'general']);
    });

    it.each<[string, () => Promise<HttpResponse>, number, string]>([
      [
        'without a session',
        () => ask(undefined, 'POST', '/api/rooms/general/join/', { body: {} }),
        401,
        'AUTHENTICATION_ERROR',
      ],
      ['an unknown room', () => ask(ana, 'POST', '/api/rooms/nowhere/join/', { body: {} }), 404, 'ROOM_NOT_FOUND'],
      ['a private room', () => ask(ben, 'POST', '/api/rooms/closed/join/', { body: {} }), 404, 'ROOM_NOT_FOUND'],
      [
        'with a wrong body',
        () => ask(ana, 'POST', '/api/rooms/general/join/', { body: { session_id: 7 } }),
        400,
        'VALIDATION_ERROR',
      ],
    ])('refuses to join %s', async (_name, request, status, code) => {
      const answer = await request();
      expect([answer.status, answer.body]).toEqual([
        status,
        { error_code: code, error_message: expect.any(String), details: expect.any(Object) },
      ]);
    });

    it('refuses to join with the session of another user', async () => {
      const body = { session_id: await session(ana) };
      expect((await ask(ben, 'POST', '/api/rooms/general/join/', { body })).status).toBe(403);
    });
  });

  describe('the socket', () => {
    it('sends a welcome, and envelopes with the session of each receiver', async () => {
      const keys = [await session(ana), await session(ben)];
      const [anas, bens] = await Promise.all(keys.map((key) => welcomed(`?session_id=${key}`)));
      expect(anas!.welcome).toEqual({
        type: 'system_message',
        timestamp: expect.any(Number),
        session_id: keys[0],
        data: expect.objectContaining({ action: 'welcome', user_id: ana.id }),
        metadata: SERVER,
      });
      anas!.socket.send(text('Hello, wörld! 🌍', { user_id: ana.id }));
      const heard = await Promise.all([anas!, bens!].map(({ socket }) => socket.next(says('Hello, wörld! 🌍'))));
      expect(heard.map((frame) => frame.session_id)).toEqual(keys);
      expect(heard[1]).toEqual({
        type: 'text_message',
        timestamp: expect.any(Number),
        session_id: keys[1],
        data: {
          content: 'Hello, wörld! 🌍',
          room_id: 'general',
          user_id: ana.id,
          user_name: 'ana',
          message_id: expect.any(String),
          sequence_number: expect.any(Number),
        },
        metadata: SERVER,
      });
      expect(Math.abs(Number(heard[1]!.timestamp) - Date.now())).toBeLessThan(60_000);
    });

    it('answers heartbeats, with and without a sequence', async () => {
      const { socket } = await welcomed();
      socket.send({ type: 'heartbeat', timestamp: Date.now() });
      expect(await socket.next('heartbeat')).toMatchObject({ data: {}, metadata: SERVER });
      socket.send({ type: 'heartbeat', timestamp: 1, session_id: 'x', data: { sequence: 42 }, metadata: {} });
      expect((await socket.next('heartbeat')).data).toEqual({ sequence: 42 });
    });

    it('sends who joins and who leaves a room', async () => {
      const { socket } = await welcomed(`?token=${ana.token}`);
      const fred = await world.register('fred');
      await ask(fred, 'POST', '/api/rooms/general/join/', { body: {} });
      const joined = await socket.next(({ data }) => data.action === 'user_joined' && data.user_id === fred.id);
      expect(joined).toMatchObject({ type: 'system_message', data: { room_id: 'general' }, metadata: SERVER });
      await fred.call('POST', '/conversations/general/leave');
      await socket.next(({ data }) => data.action === 'user_left' && data.user_id === fred.id);
    });

    it('lets a user write in a public room at once, and makes them a participant', async () => {
      const gina = await world.register('gina');
      const { socket } = await welcomed(`?token=${gina.token}`);
      socket.send({ type: 'text_message', data: { content: 'here I am', room_id: 'general' } });
      const listener = (await welcomed(`?token=${ana.token}`)).socket;
      socket.send({ type: 'text_message', data: { content: 'once more', room_id: 'general' } });
      await listener.next(says('once more'));
      await socket.next(says('once more'));
      expect((await gina.call('GET', '/conversations/general')).status).toBe(200);
    });

    it('lets guests read and, if the settings allow it, write', async () => {
      const [guest, member] = [await welcomed(), await welcomed(`?token=${ana.token}`)];
      expect(guest.welcome.data).toMatchObject({ action: 'welcome', user_name: 'Guest' });
      expect(guest.welcome.session_id).toEqual(KEY);
      member.socket.send(text('from a member'));
      await guest.socket.next(says('from a member'));
      guest.socket.send({ type: 'text_message', data: { content: 'from a guest', room_id: 'general' } });
      const heard = await member.socket.next(says('from a guest'));
      expect(heard.data).toMatchObject({ user_name: 'Guest', room_id: 'general' });
    });

    it.each<[string, object | string, string, string]>([
      ['invalid JSON', '{', 'VALIDATION_ERROR', ''],
      ['an unknown type', { type: 'dance' }, 'VALIDATION_ERROR', ''],
      ['an empty message', text(''), 'VALIDATION_ERROR', 'content'],
      [
        'a message without content',
        { type: 'text_message', data: { room_id: 'general' } },
        'VALIDATION_ERROR',
        'content',
      ],
      ['an unknown room', text('x', { room_id: 'nowhere' }), 'ROOM_NOT_FOUND', ''],
      ['a private room', text('x', { room_id: 'closed' }), 'ROOM_NOT_FOUND', ''],
      ['the name of another', text('x', { user_id: 'ana' }), 'PERMISSION_DENIED', ''],
      ['a wrong heartbeat', { type: 'heartbeat', data: { sequence: 'x' } }, 'VALIDATION_ERROR', 'sequence'],
    ])('answers %s with an error in its envelope', async (_name, frame, code, field) => {
      const { socket } = await welcomed(`?token=${ben.token}`);
      socket.send(frame);
      const error = await socket.next('error');
      expect(error).toEqual({
        type: 'error',
        timestamp: expect.any(Number),
        session_id: KEY,
        data: { error_code: code, error_message: expect.any(String), details: expect.any(Object) },
        metadata: SERVER,
      });
      if (field) expect(error.data.details).toMatchObject({ field, issue: expect.any(String) });
    });

    it.each(['?token=no', '?session_id=550e8400-e29b-41d4-a716-446655440000'])(
      'refuses the invalid credential %s, even as a guest',
      async (query) => {
        const socket = open(query);
        expect((await socket.next('error')).data.error_code).toBe('AUTHENTICATION_ERROR');
        expect((await socket.closed).code).toBe(4401);
      },
    );
  });
});

describe('a guest of the rooms dialect', () => {
  it('can only read with GUEST_ACCESS=read, within the limits', async () => {
    const world = await World.start({ RATE_LIMIT_MULTIPLIER: '1' });
    const guest = new JsonSocket(world.url, '/ws/chat/');
    await guest.next('system_message');
    guest.send({ type: 'text_message', data: { content: 'x', room_id: 'general' } });
    expect((await guest.next('error')).data).toMatchObject({ error_code: 'PERMISSION_DENIED' });
    for (let i = 1; i < 10; i++) {
      const socket = new JsonSocket(world.url, '/ws/chat/');
      await socket.next('system_message');
      socket.close();
    }
    const late = new JsonSocket(world.url, '/ws/chat/');
    expect((await late.next('error')).data).toMatchObject({ error_code: 'RATE_LIMIT_EXCEEDED' });
    expect((await late.closed).code).toBe(4308);
    guest.close();
    await world.stop();
  });

  it('is refused with GUEST_ACCESS=off, and lists no rooms', async () => {
    const world = await World.start({ GUEST_ACCESS: 'off' });
    const guest = new JsonSocket(world.url, '/ws/chat/');
    expect((await guest.next('error')).data.error_code).toBe('AUTHENTICATION_ERROR');
    expect((await guest.closed).code).toBe(4401);
    expect((await request('GET', `${world.url}/api/rooms/`)).status).toBe(401);
    await world.stop();
  });
});

describe('a URL in a response', () => {
  it('begins with PUBLIC_URL if it is set', async () => {
    const world = await World.start({ PUBLIC_URL: 'https://chat.example.com/' });
    const ana = await world.register('ana');
    const body = { user_id: 'ana' };
    const answer = await request('POST', `${world.url}/api/sessions/`, { token: ana.token, body });
    expect(answer.body.websocket_url).toBe(`wss://chat.example.com/ws/chat/?session_id=${answer.body.session_id}`);
    await world.stop();
  });
});

describe('an installation without the rooms dialect', () => {
  it('has none of its routes', async () => {
    const world = await World.start({ DIALECTS: 'messaging' });
    expect((await request('GET', `${world.url}/api/rooms/`)).status).toBe(404);
    expect((await request('GET', `${world.url}/api/sessions/x/`)).status).toBe(404);
    expect(await new JsonSocket(world.url, '/ws/chat/').refused).toBe(404);
    await world.stop();
  });
});
