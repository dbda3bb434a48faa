import { ROUNDS } from './rounds.js';
import { tryRound } from './trying.js';

jest.setTimeout(90_000);

/** Rounds whose nodes are spoilt or killed: each has a cluster of its own. */
describe('under crashes, a lossy bus, and ended sessions', () => {
  for (const round of ROUNDS.filter(({ name }) => ['T1', 'T5', 'T13'].includes(name))) tryRound(round);
});
