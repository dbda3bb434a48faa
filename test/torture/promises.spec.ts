import { Cluster } from './cluster.js';
import { HONEST_PAIR } from './round.js';
import { ROUNDS } from './rounds.js';
import { tryRound } from './trying.js';

jest.setTimeout(90_000);

/** Rounds that leave their cluster as they found it share one; controls with spoilt nodes start their own. */
describe('under load', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start(HONEST_PAIR);
  });
  afterAll(() => cluster.stop());

  for (const round of ROUNDS.filter(({ name }) => !['T1', 'T5', 'T13'].includes(name))) tryRound(round, () => cluster);
});
