import type { Bench } from '../bench.js';

const FIRST_MOST_SECONDS = 15;
const SECOND_MOST_SECONDS = 3;

/** From the command to the first answered request, with an empty and with a full installation. */
export async function measureStarts(bench: Bench): Promise<void> {
  bench.report.begin('Start to ready (built tree, embedded PostgreSQL)');
  const first = (await bench.restart()).startMs;
  const second = (await bench.restart()).startMs;
  const starts = [
    { id: 'start.first', label: 'first start, makes the database', ms: first, most: FIRST_MOST_SECONDS },
    { id: 'start.second', label: 'second start, data still there', ms: second, most: SECOND_MOST_SECONDS },
  ];
  for (const { id, label, ms, most } of starts) {
    bench.report.add({ id, label, figures: { s: ms / 1000 }, target: { figure: 's', most } });
  }
}
