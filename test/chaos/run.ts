import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startTestServer } from '../support/test-server.js';
import { type Counts, countsOf, type Round, runRound } from './round.js';
import { ROUNDS } from './rounds.js';

const USAGE = `npm run chaos -- [T1 T6 …] [--seconds 60] [--clients 100] [--seed 7] [--no-control] [--short]
Tries to break the promises of docs/guarantees.md, each long and with its mechanism on, then briefly with it off: a round
that cannot see its promise broken proves nothing. Results go to chaos-results/.`;

interface Outcome {
  readonly round: string;
  readonly promise: string;
  readonly sentence: string;
  readonly isKept: boolean;
  readonly counts: Counts;
  readonly control?: { readonly what: string; readonly isSeen: boolean; readonly counts: Counts };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    clients: { type: 'string' },
    seed: { type: 'string' },
    short: { type: 'boolean' },
    'no-control': { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

async function tryRound(cycle: Round): Promise<Outcome> {
  const size = values.short ? cycle.short : cycle.long;
  const seed = numberOf(values.seed);
  const counts = await runRound(cycle, {
    seconds: numberOf(values.seconds) ?? size.seconds,
    clients: numberOf(values.clients) ?? size.clients,
    ...(seed !== undefined && { seed }),
  });
  const { name, promise, sentence, mustBeZero, mustNotBeZero, broken, control: what } = cycle;
  const isKept =
    Object.values(countsOf(mustBeZero, counts)).every((count) => count === 0) &&
    Object.values(countsOf(mustNotBeZero, counts)).every((count) => count > 0);
  const outcome = { round: name, promise, sentence, isKept, counts };
  if (values['no-control']) return outcome;
  const controlFigures = await runRound(cycle, { ...cycle.short, breakIt: true });
  const isSeen = Object.values(countsOf(broken, controlFigures)).every((count) => count > 0);
  return { ...outcome, control: { what, isSeen, counts: controlFigures } };
}

function print({ round: cycle, promise, sentence, isKept, counts, control }: Outcome): void {
  const list = (shown: Counts): string =>
    Object.entries(shown)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · ');
  process.stdout.write(`${cycle}  ${promise}  ${isKept ? 'kept  ' : 'BROKEN'}  ${sentence}\n    ${list(counts)}\n`);
  if (!control) return;
  const verdict = control.isSeen ? 'and it is seen' : 'AND IT IS NOT SEEN';
  process.stdout.write(`    control: ${control.what}, ${verdict}: ${list(control.counts)}\n`);
}

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(`${USAGE}\n`);
  const chosen = positionals.length > 0 ? ROUNDS.filter(({ name }) => positionals.includes(name)) : ROUNDS;
  if (chosen.length === 0) throw new Error(`There is no such round.\n${USAGE}`);
  const server = await startTestServer();
  const outcomes: Outcome[] = [];
  try {
    for (const cycle of chosen) {
      if (cycle.isPossible === false) {
        process.stdout.write(`${cycle.name}  skipped: this machine lacks what it needs\n`);
        continue;
      }
      try {
        const outcome = await tryRound(cycle);
        outcomes.push(outcome);
        print(outcome);
      } catch (error) {
        // The other rounds are worth running all the same.
        process.exitCode = 1;
        console.error(error);
      }
    }
  } finally {
    await server.stop();
    mkdirSync('chaos-results', { recursive: true });
    const file = `chaos-results/${new Date().toISOString().replaceAll(':', '-')}.json`;
    writeFileSync(file, `${JSON.stringify({ node: process.version, outcomes }, null, 2)}\n`);
    process.stdout.write(`\n${file}\n`);
  }
  if (outcomes.some(({ isKept, control }) => !isKept || control?.isSeen === false)) process.exitCode = 1;
}

await main();
