/**
 * A process that runs cases in turn. It may hang or die in one, so it writes the number of the case to a file first.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import sharp from 'sharp';
import { boundOf, excessOf, sharesOf } from './bounds.js';
import { fileOf } from './cases.js';
import { type Cost, Meter } from './meter.js';
import { isRefusal, type Parser } from './parsers.js';
import { fuzzSamples } from './samples.js';

export interface Batch {
  readonly parser: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

export interface Fault {
  readonly parser: string;
  readonly seed: number;
  readonly case: number;
  readonly what: string;
}

export interface BatchResult {
  readonly accepted: number;
  readonly faults: readonly Fault[];
  /** The highest used share of each bound, in percent; of steps, only if they were counted for single cases. */
  readonly shares: Readonly<Record<keyof Cost, number>>;
}

const GROUP = 10;
const [, , table = '', progress = '', path = ''] = process.argv;
const { PARSERS } = (await import(table)) as { PARSERS: readonly Parser[] };
const samples = await fuzzSamples();
const progressFile = openSync(progress, 'w');
// Like the process that checks files.
sharp.cache(false);
sharp.concurrency(1);
const meter = await Meter.start();
meter.takeSteps();

interface Tried {
  readonly case: number;
  readonly size: number;
  readonly counts: Omit<Cost, 'steps'>;
  readonly isAccepted: boolean;
  readonly thrown: string | undefined;
}

async function tryCase(parser: Parser, seed: number, number: number): Promise<Tried> {
  const file = fileOf(parser, samples, seed, number);
  writeFileSync(path, file);
  writeSync(progressFile, String(number).padStart(10), 0);
  meter.takeCounts();
  const outcome = await parser.parse(path).then(
    () => ({ isAccepted: true, thrown: undefined }),
    (error: unknown) => ({ isAccepted: false, thrown: isRefusal(error) ? undefined : `throws ${stackOf(error)}` }),
  );
  return { case: number, size: file.length, counts: meter.takeCounts(), ...outcome };
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/**
 * Counting steps takes longer than most cases: cases run as a group, and one by one only if the group needs too many
 * steps.
 */
async function tryGroup(parser: Parser, seed: number, numbers: readonly number[]): Promise<[Tried, steps: number][]> {
  const tried: Tried[] = [];
  for (const number of numbers) tried.push(await tryCase(parser, seed, number));
  const together = meter.takeSteps();
  if (tried.every(({ size }) => together <= boundOf('steps', size))) return tried.map((one) => [one, 0]);
  const each: [Tried, number][] = [];
  for (const number of numbers) each.push([await tryCase(parser, seed, number), meter.takeSteps()]);
  return each;
}

async function tryBatch({ parser: name, seed, from, to }: Batch): Promise<BatchResult> {
  const parser = PARSERS.find((one) => one.name === name)!;
  const faults: Fault[] = [];
  const shares = { steps: 0, reads: 0, bytesRead: 0, allocated: 0 };
  let accepted = 0;
  for (let at = from; at < to; at += GROUP) {
    const numbers = Array.from({ length: Math.min(GROUP, to - at) }, (_value, i) => at + i);
    for (const [{ case: number, size, counts, isAccepted, thrown }, steps] of await tryGroup(parser, seed, numbers)) {
      const cost = { ...counts, steps };
      const what = thrown ?? excessOf(cost, size);
      if (isAccepted) accepted++;
      if (what !== undefined) faults.push({ parser: name, seed, case: number, what });
      for (const [measure, share] of Object.entries(sharesOf(cost, size)) as [keyof Cost, number][]) {
        shares[measure] = Math.max(shares[measure], share);
      }
    }
  }
  return { accepted, faults, shares };
}

process.on('message', (batch: Batch) => {
  void tryBatch(batch).then((result) => process.send?.(result));
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
