import { getQueueToken } from '@nestjs/bullmq';
import type { Queue } from 'bullmq';
import { ScheduledTasks } from '../../src/platform/schedule/schedule.js';
import { REGISTRATION, SCHEDULE_QUEUE } from '../../src/platform/schedule/schedule.processor.js';
import { itDeliversWebhooks } from '../interfaces/webhooks.contract.js';
import { WebhookReceiver } from '../support/doubles/webhook-receiver.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startTestApp } from '../support/test-app.js';
import { World } from '../support/world.js';

const describeWithRedis = hasRedis ? describe : describe.skip;

describeWithRedis('a webhook with Redis queues', () => {
  let redis: RedisServer;
  itDeliversWebhooks(async () => {
    redis = await RedisServer.start();
    return { REDIS_URL: redis.url };
  });
  afterAll(() => redis?.halt());
});

describeWithRedis('a webhook after a failure of Redis', () => {
  it('is delivered when Redis has returned, empty', async () => {
    const redis = await RedisServer.start();
    const receiver = await WebhookReceiver.start();
    const environment = { REDIS_URL: redis.url, WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true', WEBHOOK_TIMEOUT_MS: '500' };
    const server = await startTestApp(environment);
    try {
      const world = new World(server);
      const ana = await world.user();
      const group = await world.group(ana);
      const send = (content: string) => ana.call('POST', `/conversations/${group}/messages`, { content });
      await ana.call('POST', '/webhooks', { url: receiver.url(), events: ['message.created'] });
      await send('before');
      await receiver.until(({ body }) => body.data.content === 'before');
      await redis.halt();
      expect((await send('meanwhile')).status).toBe(201);
      await redis.resume();
      await receiver.until(({ body }) => body.data.content === 'meanwhile');
    } finally {
      await server.close();
      await receiver.stop();
      await redis.halt();
    }
  });
});

describeWithRedis('a server that starts without Redis', () => {
  it('serves requests, and runs waiting jobs when Redis is available', async () => {
    const redis = await RedisServer.start();
    await redis.halt();
    const receiver = await WebhookReceiver.start();
    const server = await startTestApp({ REDIS_URL: redis.url, WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true' });
    try {
      const world = new World(server);
      const ana = await world.user();
      const group = await world.group(ana);
      await ana.call('POST', '/webhooks', { url: receiver.url(), events: ['message.created'] });
      const sent = await ana.call('POST', `/conversations/${group}/messages`, { content: 'early' });
      expect(sent.status).toBe(201);
      await redis.resume();
      await receiver.until(({ body }) => body.data.content === 'early');
      const queue = server.app.get<Queue>(getQueueToken(SCHEDULE_QUEUE), { strict: false });
      while ((await queue.getJobSchedulersCount()) < server.app.get(ScheduledTasks, { strict: false }).all().length);
    } finally {
      await server.close();
      await receiver.stop();
      await redis.halt();
    }
  });
});

describeWithRedis('the schedule after a failure of Redis', () => {
  const { everyMs } = REGISTRATION;
  afterEach(() => {
    REGISTRATION.everyMs = everyMs;
  });

  it('continues when Redis has returned, empty', async () => {
    REGISTRATION.everyMs = 50;
    const redis = await RedisServer.start();
    const server = await startTestApp({ REDIS_URL: redis.url });
    try {
      const queue = server.app.get<Queue>(getQueueToken(SCHEDULE_QUEUE), { strict: false });
      const tasks = server.app.get(ScheduledTasks, { strict: false }).all();
      const everything = async () => (await queue.getJobSchedulersCount()) === tasks.length;
      while (!(await everything()));
      await redis.halt();
      await redis.resume();
      while (!(await everything()));
    } finally {
      await server.close();
      await redis.halt();
    }
  });
});
