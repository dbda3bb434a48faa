import { type HttpOptions, type HttpResponse, request } from '../support/client/http.js';
import { JsonSocket } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;

describe('the limits of the chat dialect', () => {
  let world: World;
  const at = (method: string, path: string, more: HttpOptions = {}): Promise<HttpResponse> =>
    request(method, world.url + path, more);
  const remaining = ({ headers }: HttpResponse): string | null => headers.get('x-ratelimit-remaining');

  beforeAll(async () => {
    world = await World.start({ RATE_LIMIT_MULTIPLIER: '1' });
  });
  afterAll(() => world.stop());

  it('allows a hundred calls an hour, sends included, and returns all numbers', async () => {
    const { token } = await world.register('john');
    const body = { chat_id: 'general', content: 'x' };
    expect((await at('POST', '/messages/', { token, body })).status).toBe(201);
    for (let calls = 1; calls < 100; calls++) {
      const answer = await at('GET', '/users/me', { token });
      expect([answer.status, answer.headers.get('x-ratelimit-limit')]).toEqual([200, '100']);
      expect(remaining(answer)).toBe(String(99 - calls));
    }
    for (const refused of [
      await at('GET', '/messages/', { token }),
      await at('POST', '/messages/', { token, body }),
      await at('PUT', '/users/me', { token, body: {} }),
    ]) {
      const { status, headers } = refused;
      const [reset, retryAfter] = [headers.get('x-ratelimit-reset'), headers.get('retry-after')];
      expect([status, headers.get('x-ratelimit-limit'), remaining(refused)]).toEqual([429, '100', '0']);
      expect(reset).toMatch(/^\d{10}$/);
      expect(Number(retryAfter)).toBeGreaterThan(3000);
      expect(refused.body).toEqual({
        error: true,
        message: 'Too many requests.',
        code: 'RATE_LIMIT_EXCEEDED',
        details: { retry_after: Number(retryAfter), limit: 100, window: 3600, remaining: 0, reset: Number(reset) },
        timestamp: TIME,
        request_id: headers.get('x-request-id'),
      });
    }
    // Canonical routes have another limit on the same counter.
    const own = await at('GET', '/api/v1/users/me', { token });
    expect([own.status, remaining(own)]).toEqual([200, String(300 - 101)]);
  });

  it('allows five logins in fifteen minutes', async () => {
    const mary = await world.register('mary');
    const login = (): Promise<HttpResponse> =>
      at('POST', '/users/login', { body: { username_or_email: 'Mary', password: mary.password } });
    // One login is part of the setup.
    for (let tries = 1; tries < 5; tries++) expect((await login()).status).toBe(200);
    const { status, body } = await login();
    expect([status, body.code]).toEqual([429, 'RATE_LIMIT_EXCEEDED']);
    expect(body.details).toMatchObject({ limit: 5, window: 900 });
  });

  it('counts logins of an account under any of its names', async () => {
    const nora = await world.register('nora');
    const login = (name: string): Promise<HttpResponse> =>
      at('POST', '/users/login', { body: { username_or_email: name, password: nora.password } });
    for (const name of ['nora', 'NORA@example.com', ' Nora ', 'nora@example.com']) {
      expect((await login(name)).status).toBe(200);
    }
    const { status, body } = await login('nora@example.com');
    expect([status, body.details]).toEqual([429, expect.objectContaining({ limit: 5, window: 900 })]);
  });

  it('allows ten uploads an hour', async () => {
    const { token } = await world.register('carl');
    const upload = (): Promise<HttpResponse> => {
      const form = new FormData();
      form.set('file', new Blob(['some text'], { type: 'text/plain' }), 'a.txt');
      return at('POST', '/files/upload', { token, body: form });
    };
    for (let uploads = 0; uploads < 10; uploads++) expect((await upload()).status).toBe(201);
    const { status, body } = await upload();
    expect([status, body.details]).toEqual([429, expect.objectContaining({ limit: 10, window: 3600 })]);
  });

  it('allows sixty messages a minute over sockets and requests together', async () => {
    const dora = await world.register('dora');
    const socket = new JsonSocket(world.url, `/ws/${dora.id}?token=${dora.token}&chat_id=general`);
    await socket.next('user_status');
    const sent = await at('POST', '/messages/', {
      token: dora.token,
      body: { chat_id: 'general', content: 'by a request' },
    });
    expect(sent.status).toBe(201);
    for (let messages = 1; messages < 60; messages++) {
      socket.send({ message: `number ${messages}`, timestamp: '2024-01-01T12:00:00Z', attachments: [] });
      await socket.next(({ content }) => content === `number ${messages}`);
    }
    socket.send({ message: 'one too many' });
    const refused = await socket.next(({ error }) => error === true);
    expect([refused.code, refused.details]).toEqual(['RATE_LIMIT_EXCEEDED', { retry_after: expect.any(Number) }]);
    socket.close();
  });

  it('limits a user who opens conversations with many strangers', async () => {
    const frida = await world.register('frida');
    const strangers: RegisteredUser[] = [];
    for (let index = 0; index < 21; index++) strangers.push(await world.register(`stranger${index}`));
    const statuses: number[] = [];
    for (const { id } of strangers) {
      const body = { recipient_id: id, content: 'Hello' };
      statuses.push((await at('POST', '/messages/', { token: frida.token, body })).status);
    }
    expect(statuses).toEqual([...Array<number>(20).fill(201), 429]);
  });
});

describe('an installation with the chat dialect', () => {
  it('has the number of calls of its settings', async () => {
    const world = await World.start({
      RATE_LIMIT_MULTIPLIER: '1',
      RATE_LIMIT_REQUESTS: '7',
      RATE_LIMIT_WINDOW: '1800',
    });
    const { token } = await world.register('john');
    const { headers } = await request('GET', `${world.url}/users/me`, { token });
    expect(headers.get('x-ratelimit-limit')).toBe('7');
    const seconds = Number(headers.get('x-ratelimit-reset')) - Date.now() / 1000;
    expect(Math.round(seconds / 100)).toBe(18);
    await world.stop();
  });

  it('has none of its routes if the dialect is disabled', async () => {
    const world = await World.start({ DIALECTS: 'messaging,classroom,direct,rooms' });
    const { id, token } = await world.register('john');
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/test-db'],
      ['GET', '/users/me'],
      ['GET', '/messages/'],
      ['POST', '/files/upload'],
      ['GET', '/admin/users'],
    ] as const) {
      const { status, body } = await request(method, world.url + path, { token });
      expect([path, status, body.error.code]).toEqual([path, 404, 'ROUTE_NOT_FOUND']);
    }
    expect(await new JsonSocket(world.url, `/ws/${id}?token=${token}`).refused).toBe(404);
    await world.stop();
  });
});
