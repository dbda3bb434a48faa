import { hasRedis } from '../support/redis-server.js';
import { tryRounds } from './trying.js';

describe('what outsiders are told', () => {
  tryRounds('T8', 'T8-redis', 'T9');

  if (!hasRedis) it('was not tried on Redis queues: there is no redis-server on this machine', () => undefined);
});
