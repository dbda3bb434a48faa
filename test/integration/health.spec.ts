import type pg from 'pg';
import type { Config } from '../../src/platform/config/config.js';
import type { Actor } from '../../src/platform/http/actor.js';
import { DrainState } from '../../src/platform/health/drain-state.js';
import { Health } from '../../src/platform/health/health.js';
import { RedisHealth } from '../../src/platform/health/redis-health.js';
import { People } from '../support/people.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

interface Shown {
  status: number;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
}

describe('health', () => {
  let server: TestApp;
  let people: People;
  let admin: Actor;
  const get = async (path: string): Promise<Shown> => {
    const answer = await fetch(`${server.url}/${path}`);
    return { status: answer.status, body: await answer.json() };
  };

  beforeEach(async () => {
    server = await startTestApp();
    people = new People(server);
    admin = await people.one('admin');
  });
  afterEach(() => server.close());

  it('is told in one form: status, time, version, components, figures', async () => {
    const ana = await people.one();
    const group = await people.group(ana);
    await people.call(ana, 'POST', `/conversations/${group}/messages`, { content: 'hello' });
    const socket = await people.connect(ana);
    const { status, body } = await get('healthz');
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'healthy',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.+Z$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      components: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
      metrics: { active_connections: 1, total_messages_processed: 1, uptime_seconds: expect.any(Number) },
    });
    socket.close();
  });

  it('tells strangers which part works, and admins the figures', async () => {
    const proxied = { 'x-forwarded-for': '203.0.113.7' };
    const shown = async (headers: Record<string, string>): Promise<object> =>
      (await (await fetch(`${server.url}/healthz`, { headers })).json()) as object;
    expect(await shown(proxied)).toEqual({
      status: 'healthy',
      timestamp: expect.any(String),
      version: null,
      components: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
      metrics: { active_connections: null, total_messages_processed: null, uptime_seconds: null },
    });
    const user = { ...proxied, authorization: `Bearer ${people.tokenOf(await people.one())}` };
    expect(await shown(user)).toMatchObject({ version: null });
    const known = { version: expect.any(String), metrics: { uptime_seconds: expect.any(Number) } };
    expect(await shown({ ...proxied, authorization: `Bearer ${people.tokenOf(admin)}` })).toMatchObject(known);
  });

  it('says that something vital is away, and to admins what went wrong last', async () => {
    let isAway = true;
    const check = (): void => {
      if (isAway) throw new Error('the far end hung up');
    };
    server.app.get(Health).register('far-end', check);
    expect((await get('healthz')).body).toMatchObject({
      status: 'unhealthy',
      components: { 'far-end': 'unhealthy', database: 'healthy' },
    });
    expect((await get('healthz')).status).toBe(503);
    expect(await get('readyz')).toEqual({ status: 503, body: { status: 'unavailable' } });
    expect(await get('livez')).toEqual({ status: 200, body: { status: 'ok' } });
    expect(JSON.stringify((await get('healthz')).body)).not.toContain('hung up');
    isAway = false;
    expect(await get('readyz')).toEqual({ status: 200, body: { status: 'ok' } });
    const { body } = await people.call(admin, 'GET', '/admin/health');
    expect(body.status).toBe('healthy');
    expect(body.components['far-end']).toEqual({
      status: 'healthy',
      latency_ms: expect.any(Number),
      last_error: { message: 'the far end hung up', at: expect.any(String) },
    });
    expect(body.components.database).toMatchObject({ status: 'healthy', last_error: null });
  });

  it('is draining from the first moment of the way out', async () => {
    const draining = server.app.get(DrainState).begin();
    expect(await get('readyz')).toEqual({ status: 503, body: { status: 'draining' } });
    expect(await get('healthz')).toMatchObject({ status: 503, body: { status: 'draining' } });
    await draining;
  });
});

(hasRedis ? describe : describe.skip)('health with Redis', () => {
  it('is degraded, and serves on, while Redis is away', async () => {
    const redis = await RedisServer.start();
    const database = { query: () => Promise.resolve([]) };
    const health = new Health(new DrainState(), database as unknown as pg.Pool);
    const watch = new RedisHealth({ redisUrl: redis.url } as Config, health);
    watch.onModuleInit();
    expect(await health.report()).toMatchObject({ status: 'healthy', components: { redis: { status: 'healthy' } } });
    await redis.halt();
    expect(await health.report()).toMatchObject({ status: 'degraded', components: { redis: { status: 'unhealthy' } } });
    watch.onModuleDestroy();
  });
});
