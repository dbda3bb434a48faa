import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { itIsARateLimiter } from '../../../test/interfaces/rate-limiter.contract.js';
import { freePort } from '../../../test/support/free-port.js';
import { hasRedis, RedisServer } from '../../../test/support/redis-server.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';

const RULE = { limit: 5, windowMs: 60_000 };

/** Limiters whose commands may take longer than a request may wait: a busy machine is not an unavailable Redis. */
class Limiters {
  private readonly limiters: RedisRateLimiter[] = [];

  constructor(private readonly url: string) {}

  async connect(): Promise<RedisRateLimiter> {
    const redis = new Redis(this.url, { maxRetriesPerRequest: 0, enableOfflineQueue: false });
    const limiter = new RedisRateLimiter(redis);
    this.limiters.push(limiter);
    await once(redis, 'ready');
    return limiter;
  }

  async flush(): Promise<void> {
    const client = new Redis(this.url);
    await client.flushall();
    client.disconnect();
  }

  close(): void {
    for (const limiter of this.limiters) limiter.onModuleDestroy();
  }
}

function withRedis(): void {
  let server: RedisServer;
  let limiters: Limiters;

  beforeAll(async () => {
    server = await RedisServer.start();
    limiters = new Limiters(server.url);
  });

  afterAll(async () => {
    limiters.close();
    await server.halt();
  });

  beforeEach(() => limiters.flush());

  itIsARateLimiter(async () => ({
    limiter: await limiters.connect(),
    pass: (ms) => delay(ms),
    epochMs: () => Date.now(),
    windowMs: 2000,
  }));

  it('counts the hits of several nodes together', async () => {
    const nodes = [await limiters.connect(), await limiters.connect()];
    const tries = Array.from({ length: 50 }, (_none, index) => nodes[index % 2]!.consume('call', 'ada', RULE));
    expect((await Promise.all(tries)).filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  it('returns the remaining hits after hits on other nodes', async () => {
    const [one, two] = [await limiters.connect(), await limiters.connect()];
    await one.consume('call', 'ada', RULE);
    expect(await two.consume('call', 'ada', RULE)).toMatchObject({ allowed: true, remaining: 3 });
  });

  it('applies the limit without Redis, and its own hits once Redis is back', async () => {
    const limiter = await limiters.connect();
    for (let hit = 0; hit < 3; hit++) await limiter.consume('call', 'ada', RULE);
    await server.halt();
    const verdicts = [];
    for (let hit = 0; hit < 10; hit++) verdicts.push(await limiter.consume('call', 'ada', RULE));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(2);
    await server.resume();
    expect(await (await limiters.connect()).consume('call', 'ada', RULE)).toMatchObject({ allowed: true });
    expect(await limiter.consume('call', 'ada', RULE)).toMatchObject({ allowed: false });
  });
}

if (hasRedis) describe('RedisRateLimiter', withRedis);
else {
  it('is untested, because this machine has no redis-server', () => {
    expect(hasRedis).toBe(false);
  });
}

describe('a RedisRateLimiter whose Redis was never available', () => {
  it('still applies the limit', async () => {
    const limiter = RedisRateLimiter.connect(`redis://127.0.0.1:${await freePort()}`);
    const verdicts = [];
    for (let hit = 0; hit < 10; hit++) verdicts.push(await limiter.consume('call', 'ada', RULE));
    limiter.onModuleDestroy();
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(5);
  });
});
