import { JsonSocket } from '../support/client/web-socket.js';
import type { RegisteredUser } from '../support/users.js';
import { World } from '../support/world.js';

const TEXT = expect.any(String) as string;
const CODE = 'ORIGIN_NOT_ALLOWED';

describe('a socket of a foreign origin', () => {
  let world: World;
  let john: RegisteredUser;
  beforeAll(async () => {
    world = await World.start();
    john = await world.register('john');
  });
  afterAll(() => world.stop());

  it.each<[string, (own: { room: string; user: string }) => string, object]>([
    ['messaging', ({ room }) => `/ws/chat/${room}/`, { error: TEXT, code: CODE, details: {} }],
    ['direct', () => '/ws', { error: { code: CODE.toLowerCase(), message: TEXT, details: {} } }],
    ['classroom', () => '/api/ws', { detail: TEXT, code: CODE }],
    [
      'chat',
      ({ user }) => `/ws/${user}`,
      { error: true, message: TEXT, code: CODE, details: {}, timestamp: TEXT, request_id: TEXT },
    ],
    ['rooms', () => '/ws/chat/', { error_code: CODE, error_message: TEXT, details: {} }],
  ])('is refused in the form of the %s dialect', async (_name, address, body) => {
    const path = address({ room: await world.group(john), user: john.id });
    const socket = new JsonSocket(world.url, `${path}?token=${john.token}`, { origin: 'https://evil.example' });
    expect([await socket.refused, await socket.refusal]).toEqual([403, body]);
  });

  it('is refused in the canonical form at the canonical path', async () => {
    const socket = new JsonSocket(world.url, '/api/v1/realtime', { origin: 'https://evil.example' });
    expect(await socket.refusal).toEqual({ error: { code: CODE, message: TEXT, details: {} } });
  });
});
