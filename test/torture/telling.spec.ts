import { tryRounds } from './trying.js';

// T8 on Redis queues takes a cluster of its own: it belongs to the long form, `npm run torture`.
describe('what outsiders are told', () => tryRounds('T8', 'T9'));
