import { JsonSocket } from '../support/client/web-socket.js';
import { literalCalls } from '../support/literal-calls.js';
import { World } from '../support/world.js';

describe('the limits of the direct dialect', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_LOGIN: '1000' });
  });
  afterAll(() => world.stop());

  it('allows five logins a minute, and returns the time to wait to the sixth', async () => {
    const call = literalCalls(world.url);
    const login = () => call('POST', '/api/auth/login', { email: 'ana@example.com', password: 'no such password' });
    for (let left = 4; left >= 0; left--) {
      const { status, headers } = await login();
      expect([status, headers.get('x-ratelimit-limit'), headers.get('x-ratelimit-remaining')]).toEqual([
        401,
        '5',
        String(left),
      ]);
    }
    const { status, headers, body } = await login();
    const wait = Number(headers.get('retry-after'));
    expect(status).toBe(429);
    expect(body).toEqual({
      error: { code: 'rate_limit_exceeded', message: 'Too many requests', details: { retry_after: wait } },
    });
    expect(wait).toBeGreaterThan(0);
    // A login under another version of the path counts against the same limit.
    const again = await call('POST', '/v1/auth/login', { email: 'ana@example.com', password: 'no such password' });
    expect(again.status).toBe(429);
  });

  it('allows a hundred calls a minute over all paths together', async () => {
    const ben = await world.register('ben');
    const call = literalCalls(world.url, ben.token);
    const first = await call('GET', '/api/messages');
    expect(first.headers.get('x-ratelimit-limit')).toBe('100');
    expect(first.headers.get('x-ratelimit-remaining')).toBe('99');
    expect(Number(first.headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1);
    const second = await call('GET', `/v1/users/${ben.id}`);
    expect(second.headers.get('x-ratelimit-remaining')).toBe('98');
  });

  it('accepts ten sockets a minute', async () => {
    const { token } = await world.register('many');
    const sockets = Array.from({ length: 10 }, () => new JsonSocket(world.url, `/ws?token=${token}`));
    await Promise.all(sockets.map(({ opened }) => opened));
    const eleventh = new JsonSocket(world.url, `/ws?token=${token}`);
    expect((await eleventh.next('error')).data.code).toBe('rate_limit_exceeded');
    expect((await eleventh.closed).code).toBe(4308);
    for (const socket of sockets) socket.close();
  });
});

describe('an installation without the direct dialect', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ DIALECTS: 'messaging,classroom,chat,rooms' });
  });
  afterAll(() => world.stop());

  it('has none of its routes', async () => {
    const { token } = await world.register('john');
    const call = literalCalls(world.url, token);
    for (const address of ['/api/messages', '/v1/messages', '/v2/messages', '/api/users/x']) {
      expect([address, (await call('GET', address)).status]).toEqual([address, 404]);
    }
    expect((await call('POST', '/api/auth/login', { email: 'a', password: 'b' })).status).toBe(404);
    const socket = new JsonSocket(world.url, `/ws?token=${token}`);
    expect(await socket.refused).toBe(404);
  });
});
