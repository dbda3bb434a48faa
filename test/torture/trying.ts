import type { Cluster } from './cluster.js';
import { figuresOf, type Round, runRound } from './round.js';

/** Holds the round's short form against its promise, and its control against the round itself. For spec files. */
export function tryRound(round: Round, cluster: () => Cluster | undefined = () => undefined): void {
  const { name, promise, sentence, zeros, tried, control, broken } = round;
  describe(`${promise}: ${sentence}`, () => {
    it(`holds (${name})`, async () => {
      const figures = await runRound(round, round.short, cluster());
      expect(figuresOf(zeros, figures)).toEqual(Object.fromEntries(zeros.map((figure) => [figure, 0])));
      for (const figure of tried) expect({ [figure]: figures[figure] }).not.toEqual({ [figure]: 0 });
    });

    it(`is seen to break when ${control}`, async () => {
      const figures = await runRound(round, { ...round.short, breakIt: true }, cluster());
      for (const figure of broken) expect({ [figure]: figures[figure] }).not.toEqual({ [figure]: 0 });
    });
  });
}
