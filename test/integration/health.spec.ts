import type { Config } from '../../src/platform/config/config.js';
import { DrainCoordinator } from '../../src/platform/health/drain-coordinator.js';
import { Health, type Readiness } from '../../src/platform/health/health.js';
import { RedisHealth } from '../../src/platform/health/health-checks.js';
import { request } from '../support/client/http.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { User } from '../support/users.js';
import { World } from '../support/world.js';

describe('GET /healthz', () => {
  let server: TestApp;
  let world: World;
  let admin: User;
  const get = async (path: string) => {
    const { status, body } = await request('GET', `${server.url}/${path}`);
    return { status, body };
  };

  beforeEach(async () => {
    server = await startTestApp();
    world = new World(server);
    admin = await world.user({ role: 'admin' });
  });
  afterEach(() => server.close());

  it('returns status, time, version, components and metrics', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    await ana.call('POST', `/conversations/${group}/messages`, { content: 'hello' });
    const socket = await ana.webSocket();
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

  it('returns the state of components to all, and metrics to admins only', async () => {
    const proxied = { 'x-forwarded-for': '203.0.113.7' };
    const healthFor = async (headers: Record<string, string>): Promise<object> =>
      (await request('GET', `${server.url}/healthz`, { headers })).body as object;
    expect(await healthFor(proxied)).toEqual({
      status: 'healthy',
      timestamp: expect.any(String),
      version: null,
      components: { database: 'healthy', redis: 'disabled', websocket: 'healthy' },
      metrics: { active_connections: null, total_messages_processed: null, uptime_seconds: null },
    });
    const user = { ...proxied, authorization: `Bearer ${(await world.user()).token}` };
    expect(await healthFor(user)).toMatchObject({ version: null });
    const known = { version: expect.any(String), metrics: { uptime_seconds: expect.any(Number) } };
    expect(await healthFor({ ...proxied, authorization: `Bearer ${admin.token}` })).toMatchObject(known);
  });

  it('returns 503 if a required component fails, and the last error to admins only', async () => {
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
    const { body } = await admin.call('GET', '/admin/health');
    expect(body.status).toBe('healthy');
    expect(body.components['far-end']).toEqual({
      status: 'healthy',
      latency_ms: expect.any(Number),
      last_error: { message: 'the far end hung up', at: expect.any(String) },
    });
    expect(body.components.database).toMatchObject({ status: 'healthy', last_error: null });
    expect(await get('readyz')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('checks only required components for /readyz, and once a second for all requests', async () => {
    const asked = { required: 0, other: 0 };
    const health = server.app.get(Health);
    health.register('required', () => asked.required++);
    health.register('other', () => asked.other++, { isRequired: false });
    const begunAt = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('readyz')));
    const seconds = Math.floor((performance.now() - begunAt) / 1000);
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(asked.required).toBeGreaterThan(0);
    expect(asked.required).toBeLessThanOrEqual(1 + seconds); // a second may pass while a busy machine answers
    expect(asked.other).toBe(0);
    const { required } = asked;
    await get('healthz');
    expect(asked).toEqual({ required: required + 1, other: 1 });
  });

  it('reports a read-only database, and its recovery', async () => {
    const ana = await world.user();
    const group = await world.group(ana);
    const name = new URL(server.database.url).pathname.slice(1);
    const send = (content: string): Promise<{ status: number; body: { error?: { code: string } } }> =>
      ana.call('POST', `/conversations/${group}/messages`, { content });
    const settle = async (setting: 'on' | 'off', inForce: Readiness): Promise<void> => {
      await server.database.query(
        `begin read write; alter database ${name} set default_transaction_read_only = ${setting}; commit`,
      );
      if (setting === 'on') {
        await server.database.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'parley'`,
          [name],
        );
      }
      // A check that loses its connection on the way returns `unavailable` once.
      while ((await get('readyz')).body.status !== inForce) continue;
    };
    await settle('on', 'read-only');
    expect(await get('readyz')).toEqual({ status: 503, body: { status: 'read-only' } });
    expect((await get('healthz')).body).toMatchObject({ status: 'unhealthy', components: { database: 'read-only' } });
    const refused = await Promise.all(Array.from({ length: 20 }, (_, n) => send(`${n}`)));
    expect(refused.map(({ status }) => status)).toEqual(Array(20).fill(503));
    expect(refused[0]!.body.error).toMatchObject({ code: 'SERVICE_UNAVAILABLE', details: { retry_after: 1 } });
    await settle('off', 'ok');
    const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => send(`${n}`)));
    expect(taken.map(({ status }) => status)).toEqual(Array(20).fill(201));
  });

  it('reports draining from the first moment of a shutdown', async () => {
    const draining = server.app.get(DrainCoordinator).begin();
    expect(await get('readyz')).toEqual({ status: 503, body: { status: 'draining' } });
    expect(await get('healthz')).toMatchObject({ status: 503, body: { status: 'draining' } });
    await draining;
  });
});

(hasRedis ? describe : describe.skip)('GET /healthz with Redis', () => {
  it('reports degraded without Redis, while the server continues', async () => {
    const redis = await RedisServer.start();
    const health = new Health(new DrainCoordinator());
    const watch = new RedisHealth({ redisUrl: redis.url } as Config, health);
    watch.onModuleInit();
    expect(await health.report()).toMatchObject({ status: 'healthy', components: { redis: { status: 'healthy' } } });
    await redis.halt();
    expect(await health.report()).toMatchObject({ status: 'degraded', components: { redis: { status: 'unhealthy' } } });
    watch.onModuleDestroy();
  });

  it('does not wait for Redis, and neither do metrics and queues', async () => {
    const redis = await RedisServer.start();
    const server = await startTestApp({ REDIS_URL: redis.url });
    const world = new World(server);
    const admin = await world.user({ role: 'admin' });
    const metrics = async (): Promise<string> => (await request('GET', `${server.url}/metrics`)).body as string;
    await redis.halt();
    const text = await metrics();
    expect(text).toContain('parley_component_up{component="redis"} 0');
    expect(text).toContain('parley_component_up{component="database"} 1');
    expect(text).toContain('parley_ready 1');
    expect(text).not.toContain('parley_queue_jobs{');
    expect(await admin.call('GET', '/admin/queues')).toMatchObject({
      status: 503,
      body: { error: { code: 'SERVICE_UNAVAILABLE' } },
    });
    await redis.resume();
    while (!(await metrics()).includes('parley_queue_jobs{')) continue;
    expect(await metrics()).toContain('parley_component_up{component="redis"} 1');
    expect(await admin.call('GET', '/admin/queues')).toMatchObject({ status: 200 });
    await server.close();
    await redis.halt();
  });
});
