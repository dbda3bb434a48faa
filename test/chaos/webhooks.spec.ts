import { testRounds } from './test-rounds.js';

// T8 on Redis queues needs its own cluster: it belongs to the long form, `npm run chaos`.
describe('webhooks', () => testRounds('T8', 'T9'));
