import { Cluster } from './cluster.js';
import { countsOf, hasOwnCluster, needsOf, type Round, runRound } from './round.js';
import { ROUNDS } from './rounds.js';

/** Two cores with other tests on the second: most of it is processes that start. */
const DEADLINE_MS = 120_000;

/** Runs these rounds, one after the other in one cluster. For spec files. */
export function testRounds(...names: string[]): void {
  const rounds = ROUNDS.filter(({ name }) => names.includes(name));
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    if (!rounds.every(hasOwnCluster)) cluster = await Cluster.start();
  }, DEADLINE_MS);
  afterAll(() => cluster?.stop(), DEADLINE_MS);

  for (const cycle of rounds) testRound(cycle, () => cluster);
}

/** Checks the short form of the round against its promise, and its control against the round itself. */
function testRound(cycle: Round, cluster: () => Cluster | undefined): void {
  const { name, promise, sentence, mustBeZero, mustNotBeZero, control, broken, isPossible = true } = cycle;
  (isPossible ? describe : describe.skip)(`${promise}: ${sentence}`, () => {
    let own: Cluster | undefined;
    if (cycle.sharesWithControl) {
      beforeAll(async () => {
        own = await Cluster.start(needsOf(cycle, false));
      }, DEADLINE_MS);
      afterAll(() => own?.stop(), DEADLINE_MS);
    }
    const sharedCluster = (): Cluster | undefined => own ?? (hasOwnCluster(cycle) ? undefined : cluster());

    it(
      `holds (${name})`,
      async () => {
        const counts = await runRound(cycle, cycle.short, sharedCluster());
        expect(countsOf(mustBeZero, counts)).toEqual(Object.fromEntries(mustBeZero.map((figure) => [figure, 0])));
        for (const figure of mustNotBeZero) expect({ [figure]: counts[figure] }).not.toEqual({ [figure]: 0 });
      },
      DEADLINE_MS,
    );

    it(
      `fails when ${control}`,
      async () => {
        const counts = await runRound(cycle, { ...cycle.short, breakIt: true }, sharedCluster());
        for (const figure of broken) expect({ [figure]: counts[figure] }).not.toEqual({ [figure]: 0 });
      },
      DEADLINE_MS,
    );
  });
}
