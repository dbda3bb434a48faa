import { SendMessage } from '../../src/modules/messages/send-message.js';
import { Sql } from '../../src/platform/database/sql.js';
import { LoadShedder } from '../../src/platform/throttling/load-shedder.js';
import { request } from '../support/client/http.js';
import { World } from '../support/world.js';

/** Waits until the load shedder has reached this level, which it measures four times a second. */
async function level(overload: LoadShedder, wanted: number): Promise<void> {
  while (overload.level !== wanted) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a server with all database connections in use', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start({ SHED_POOL_WAIT_MS: '20' });
  });
  afterAll(() => world.stop());

  it('refuses sends at once if the queue is full, over every transport, and counts them', async () => {
    const [eva, finn] = [await world.register('eva'), await world.register('finn')];
    const group = await world.group(eva, [finn]);
    const sockets = [await eva.webSocket(), await eva.socketIo()];
    const full = jest.spyOn(world.get(SendMessage), 'isFull', 'get').mockReturnValue(true);
    const send = { conversation_id: group, content: 'x' };
    const refused = await eva.call('POST', `/conversations/${group}/messages`, { content: 'x' });
    expect([refused.status, refused.body.error.code]).toEqual([503, 'SERVICE_UNAVAILABLE']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    for (const socket of sockets) {
      expect((await socket.request('message.send', send)).error?.code).toBe('SERVICE_UNAVAILABLE');
      expect((await socket.request('ping', {})).ok).toBe(true);
    }
    full.mockRestore();
    for (const socket of sockets) {
      expect((await socket.request('message.send', send)).ok).toBe(true);
      socket.close();
    }
  });

  it('refuses requests that would only wait, serves vital ones, and recovers by itself', async () => {
    const [ana, bob] = [await world.register('ana'), await world.register('bob')];
    const group = await world.group(ana, [bob]);
    const socket = await ana.webSocket();
    const overload = world.get(LoadShedder);
    const sql = world.get(Sql);
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const blocked = Array.from({ length: world.config.databasePoolSize }, () => sql.transaction(() => gate));
    let isOpen = false;
    // One that waits gives up after two seconds; then the next one waits.
    const wait = async (): Promise<void> => {
      while (!isOpen) await sql.transaction(() => Promise.resolve()).catch(() => undefined);
    };
    const waiting = wait();
    await level(overload, 4);

    const refused = await ana.call('POST', `/conversations/${group}/messages`, { content: 'now?' });
    expect(refused.status).toBe(503);
    expect(refused.body.error.code).toBe('SERVICE_UNAVAILABLE');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    for (const type of ['typing.start', 'message.send', 'history']) {
      const reply = await socket.request(type, {
        conversation_id: group,
        ...(type === 'message.send' && { content: 'x' }),
      });
      expect([type, reply.error?.code]).toEqual([type, 'SERVICE_UNAVAILABLE']);
    }
    expect((await socket.request('ping', {})).ok).toBe(true);
    expect((await request('GET', `${world.url}/livez`)).status).toBe(200);
    const text = (await request('GET', `${world.url}/metrics`)).body as string;
    expect(text).toContain('parley_overload_level 4');
    expect(text).toMatch(/parley_shed_total\{class="writes"\} [2-9]/);

    isOpen = true;
    open();
    await Promise.all(blocked);
    await waiting;
    await level(overload, 0);
    expect((await ana.call('POST', `/conversations/${group}/messages`, { content: 'now' })).status).toBe(201);
    socket.close();
  });
});
