import { JsonSocket } from '../support/client/web-socket.js';
import { fileForm, type LiteralCall, literalCalls } from '../support/literal-calls.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

describe('the limits of the classroom dialect', () => {
  let world: World;
  let john: RegisteredUser;
  let max: RegisteredUser;
  let johns: LiteralCall;
  let id: string;

  beforeAll(async () => {
    world = await World.start({ RATE_LIMIT_MULTIPLIER: '1', LIMIT_LOGIN: '1000', MAX_FILE_SIZE: '4096' });
    john = await world.register('john');
    max = await world.register('max');
    johns = literalCalls(world.url, john.token);
    id = await world.group(john);
  });
  afterAll(() => world.stop());

  const person = async (name: string, role: string): Promise<LiteralCall> => {
    const { id: userId, token } = await world.register(name);
    await world.database.query('update users set role = $2 where id = $1', [userId, role]);
    return literalCalls(world.url, token);
  };

  it('counts messages and returns all numbers in the body and the headers', async () => {
    const address = `/api/conversations/${id}/messages`;
    for (let left = 9; left >= 0; left--) {
      const { status, headers } = await johns('POST', address, { content: `${left} left` });
      expect(status).toBe(201);
      expect(headers.get('x-ratelimit-limit')).toBe('10');
      expect(headers.get('x-ratelimit-remaining')).toBe(String(left));
      expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000 - 1);
    }
    const { status, headers, body } = await johns('POST', address, { content: 'one too many' });
    expect(status).toBe(429);
    expect(body).toEqual({
      error: 'Rate limit exceeded',
      message: 'Too many message_send requests',
      rate_limit_info: {
        limit_type: 'message_send',
        current_count: 11,
        limit: 10,
        window: 60,
        reset_time: Number(headers.get('x-ratelimit-reset')),
        remaining: 0,
      },
      retry_after: Number(headers.get('retry-after')),
      code: 'RATE_LIMIT_EXCEEDED',
    });
    expect(body.retry_after).toBeGreaterThan(0);
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
    // The canonical routes count with their own limit against the same counter.
    const other = await john.call('POST', `/conversations/${id}/messages`, { content: 'elsewhere' });
    expect([other.status, other.headers.get('x-ratelimit-remaining')]).toEqual([201, String(60 - 11)]);
  });

  it('limits conversations, calls and uploads as documented', async () => {
    const group = { title: 'x', type: 'group', participant_ids: [] };
    const first = await johns('POST', '/api/conversations', group);
    expect(first.headers.get('x-ratelimit-limit')).toBe('5');
    const calls = await johns('GET', '/api/conversations');
    expect(calls.headers.get('x-ratelimit-limit')).toBe('100');
    const uploads = await johns('POST', `/api/conversations/${id}/upload`, '', {
      'content-type': 'multipart/form-data; boundary=x',
    });
    expect(uploads.headers.get('x-ratelimit-limit')).toBe('3');
  });

  it('rejects a file that is too large as documented', async () => {
    const liz = await world.register('liz');
    const place = await world.group(liz);
    const { text, type } = fileForm('long.txt', 'text/plain', 'x'.repeat(5000));
    const call = literalCalls(world.url, liz.token);
    const answer = await call('POST', `/api/conversations/${place}/upload`, text, { 'content-type': type });
    expect(answer).toMatchObject({ status: 400, body: { detail: 'File too large' } });
  });

  it('reports slow mode of a conversation as a limit of messages', async () => {
    const place = await world.group(john, [max]);
    await john.call('PATCH', `/conversations/${place}`, { settings: { slow_mode_seconds: 60 } });
    const call = literalCalls(world.url, max.token);
    expect((await call('POST', `/api/conversations/${place}/messages`, { content: 'one' })).status).toBe(201);
    const { status, body, headers } = await call('POST', `/api/conversations/${place}/messages`, { content: 'two' });
    expect(status).toBe(429);
    expect(body).toMatchObject({
      error: 'Rate limit exceeded',
      rate_limit_info: { limit_type: 'message_send', limit: 1, window: body.retry_after, remaining: 0 },
      retry_after: Number(headers.get('retry-after')),
      code: 'SLOW_MODE',
    });
  });

  it.each([
    ['student', '10', '5'],
    ['teacher', '20', '8'],
    ['moderator', '30', '10'],
    ['admin', '50', '20'],
  ])('allows a %s %s messages a minute and %s conversations in five minutes', async (role, messages, conversations) => {
    const call = await person(`a-${role}`, role);
    const created = await call('POST', '/api/conversations', { title: 'x', type: 'group', participant_ids: [] });
    expect(created.headers.get('x-ratelimit-limit')).toBe(conversations);
    const sent = await call('POST', `/api/conversations/${created.body.id}/messages`, { content: 'x' });
    expect(sent.headers.get('x-ratelimit-limit')).toBe(messages);
  });

  it('accepts ten sockets a minute', async () => {
    const { token } = await world.register('many');
    const sockets = Array.from({ length: 10 }, () => new JsonSocket(world.url, `/api/ws/${token}`));
    await Promise.all(sockets.map(({ opened }) => opened));
    const eleventh = new JsonSocket(world.url, `/api/ws/${token}`);
    expect(await eleventh.next('error')).toEqual({ type: 'error', message: 'Too many requests.' });
    expect((await eleventh.closed).code).toBe(4308);
    for (const socket of sockets) socket.close();
  });
});

describe('an installation without the classroom dialect', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ DIALECTS: 'messaging,direct,chat,rooms' });
  });
  afterAll(() => world.stop());

  it('has none of its routes', async () => {
    const { token } = await world.register('john');
    const call = literalCalls(world.url, token);
    const missingId = '01930000-0000-7000-8000-000000000000';
    expect((await call('GET', '/api/conversations')).status).toBe(404);
    expect((await call('DELETE', `/api/messages/${missingId}`)).status).toBe(404);
    const form = await call('PUT', `/api/messages/${missingId}`, 'content=x', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(form.status).toBe(415);
    const socket = new JsonSocket(world.url, `/api/ws/${token}`);
    expect(await socket.refused).toBe(404);
  });
});
