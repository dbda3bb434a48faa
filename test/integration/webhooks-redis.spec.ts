import type { Actor } from '../../src/platform/http/actor.js';
import { itTellsOutsiders } from '../contracts/webhooks.contract.js';
import { People } from '../support/people.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';
import { startTestApp } from '../support/test-app.js';
import { WebhookReceiver } from '../support/webhook-receiver.js';

const describeWithRedis = hasRedis ? describe : describe.skip;

describeWithRedis('webhooks on Redis queues', () => {
  let redis: RedisServer;
  itTellsOutsiders(async () => {
    redis = await RedisServer.start();
    return { REDIS_URL: redis.url };
  });
  afterAll(() => redis?.halt());
});

describeWithRedis('webhooks on a Redis that dies', () => {
  it('come when it is back, empty', async () => {
    const redis = await RedisServer.start();
    const receiver = await WebhookReceiver.start();
    const environment = { REDIS_URL: redis.url, WEBHOOK_ALLOW_PRIVATE_NETWORK: 'true', WEBHOOK_TIMEOUT_MS: '500' };
    const server = await startTestApp(environment);
    try {
      const people = new People(server);
      const [ana] = (await people.many(1)) as [Actor];
      const group = await people.group(ana);
      const send = (content: string) => people.call(ana, 'POST', `/conversations/${group}/messages`, { content });
      await people.call(ana, 'POST', '/webhooks', { url: receiver.url(), events: ['message.created'] });
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
