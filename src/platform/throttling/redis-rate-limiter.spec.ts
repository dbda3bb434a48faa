import { Redis } from 'ioredis';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { itIsARateLimiter } from '../../../test/interfaces/rate-limiter.contract.js';
import { RedisRateLimiter } from './redis-rate-limiter.js';

const RULE = { limit: 5, windowMs: 60_000 };
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

class RedisServer {
  private process: ChildProcess | undefined;
  private readonly clients: RedisRateLimiter[] = [];

  private constructor(readonly port: number) {}

  static async start(): Promise<RedisServer> {
    const server = new RedisServer(await freePort());
    await server.resume();
    return server;
  }

  async resume(): Promise<void> {
    this.process = spawn('redis-server', ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '']);
    for await (const line of this.process.stdout!) if (String(line).includes('Ready to accept')) return;
  }

  async stop(): Promise<void> {
    for (const client of this.clients.splice(0)) client.onModuleDestroy();
    await this.halt();
  }

  async halt(): Promise<void> {
    if (!this.process || this.process.exitCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'exit');
  }

  async connect(): Promise<RedisRateLimiter> {
    const limiter = RedisRateLimiter.connect(`redis://127.0.0.1:${this.port}`);
    this.clients.push(limiter);
    await once((limiter as unknown as { redis: Redis }).redis, 'ready');
    return limiter;
  }

  async flush(): Promise<void> {
    const client = new Redis(this.port, '127.0.0.1');
    await client.flushall();
    client.disconnect();
  }
}

function withRedis(): void {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server.stop());

  beforeEach(() => server.flush());

  itIsARateLimiter(async () => ({
    limiter: await server.connect(),
    pass: (ms) => delay(ms),
    epochMs: () => Date.now(),
    windowMs: 600,
  }));

  it('counts the hits of several nodes together', async () => {
    const nodes = [await server.connect(), await server.connect()];
    const tries = Array.from({ length: 50 }, (_none, index) => nodes[index % 2]!.consume('call', 'ada', RULE));
    expect((await Promise.all(tries)).filter(({ allowed }) => allowed)).toHaveLength(5);
  });

  it('returns the remaining hits after hits on other nodes', async () => {
    const [one, two] = [await server.connect(), await server.connect()];
    await one.consume('call', 'ada', RULE);
    expect(await two.consume('call', 'ada', RULE)).toMatchObject({ allowed: true, remaining: 3 });
  });

  it('applies the limit without Redis, and its own hits once Redis is back', async () => {
    const limiter = await server.connect();
    for (let hit = 0; hit < 3; hit++) await limiter.consume('call', 'ada', RULE);
    await server.halt();
    const verdicts = [];
    for (let hit = 0; hit < 10; hit++) verdicts.push(await limiter.consume('call', 'ada', RULE));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(2);
    await server.resume();
    expect(await (await server.connect()).consume('call', 'ada', RULE)).toMatchObject({ allowed: true });
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
