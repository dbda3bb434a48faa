import { itTellsOutsiders } from '../contracts/webhooks.contract.js';
import { hasRedis, RedisServer } from '../support/redis-server.js';

if (hasRedis) {
  describe('webhooks on Redis queues', () => {
    let redis: RedisServer;
    itTellsOutsiders(async () => {
      redis = await RedisServer.start();
      return { REDIS_URL: redis.url };
    });
    afterAll(() => redis?.halt());
  });
} else {
  it('webhooks on Redis queues were not tried: there is no redis-server on this machine', () => {
    expect(hasRedis).toBe(false);
  });
}
