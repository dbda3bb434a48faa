import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startTestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startProcess, type TestProcess } from '../support/test-process.js';
import { World } from '../support/world.js';

// Each test starts a process, which takes seconds on a busy machine.
jest.setTimeout(90_000);

(hasRedis ? describe : describe.skip)('the shutdown of a process without Redis', () => {
  let directory: string;
  let database: TestDatabase;
  let redis: RedisServer;
  let server: TestProcess;
  const start = async (entry: string, hasStarted: RegExp): Promise<void> => {
    server = startProcess(entry, {
      DATA_DIR: directory,
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      PORT: '0',
      HOST: '127.0.0.1',
    });
    await server.printed(hasStarted);
  };
  const startAndHaltRedis = async (): Promise<void> => {
    await start('dist/src/main.js', /REST +http/);
    await redis.halt();
    await server.printed(/the queue fails/);
  };

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'parley-life-'));
    [database, redis] = await Promise.all([createTestDatabase(), RedisServer.start()]);
  });
  afterEach(async () => {
    server.child.kill('SIGKILL');
    await server.ended();
    await Promise.all([redis.halt(), database.drop()]);
    rmSync(directory, { recursive: true, force: true });
  });

  it('completes in order without Redis', async () => {
    await startAndHaltRedis();
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('completes in order just after Redis returned', async () => {
    await startAndHaltRedis();
    await redis.resume();
    expect(await server.end('SIGTERM')).toBe(0);
  });

  it('completes in order if Redis returned and does not respond', async () => {
    await startAndHaltRedis();
    const silent = createServer((socket) => socket.on('error', () => undefined).resume());
    silent.listen(Number(new URL(redis.url).port), '127.0.0.1');
    try {
      await once(silent, 'connection');
      expect(await server.end('SIGTERM')).toBe(0);
    } finally {
      silent.close();
    }
  });

  // After its deadline a shutdown ends with exit code 1.
  it.each([
    ['dist/src/main.js', /REST +http/],
    ['dist/src/worker.js', /Parley worker/],
  ])('completes in order while Redis accepts connections and does not respond: %s', async (entry, hasStarted) => {
    await start(entry, hasStarted);
    redis.suspend();
    expect(await server.end('SIGTERM')).toBe(0);
  });
});

(hasRedis ? describe : describe.skip)('a job that is active when Redis fails', () => {
  it('is finished during the shutdown, and jobs that could not be enqueued run in the next process', async () => {
    const redis = await RedisServer.start();
    const receiver = await WebhookReceiver.start();
    const environment = {
      REDIS_URL: redis.url,
      WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true',
      JWT_SECRET: randomBytes(48).toString('base64'),
    };
    const world = await World.start(environment);
    const deliveries = () =>
      world.database.query<{ status: string; attempts: number }>(
        'select status, attempts from webhook_deliveries order by id',
      );
    try {
      const ana = await world.user();
      const group = await world.group(ana);
      const send = (content: string) => ana.call('POST', `/conversations/${group}/messages`, { content });
      await ana.call('POST', '/webhooks', { url: receiver.url(), events: ['message.created'] });
      let pendingResponse: ServerResponse | undefined;
      receiver.answer = (_call, response) => void (pendingResponse = response);
      await send('under way');
      await receiver.until(({ body }) => body.data.content === 'under way');
      await redis.halt();
      expect((await send('meanwhile')).status).toBe(201);
      const closed = world.app.close();
      pendingResponse!.writeHead(204).end();
      receiver.answer = (_call, response) => void response.writeHead(204).end();
      await closed;
      expect(await deliveries()).toContainEqual({ status: 'delivered', attempts: 1 });
      await redis.resume();
      const second = await startTestApp({ ...environment, DATABASE_URL: world.database.url });
      await receiver.until(({ body }) => body.data.content === 'meanwhile');
      await second.close();
      expect(receiver.calls.map(({ body }) => body.data.content as string).sort()).toEqual(['meanwhile', 'under way']);
    } finally {
      await world.stop();
      await receiver.stop();
      await redis.halt();
    }
  });
});
