import { tryRounds } from './trying.js';

// T8 on Redis queues needs its own cluster: it belongs to the long form, `npm run torture`.
describe('webhooks', () => tryRounds('T8', 'T9'));
