import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch, BatchResult, Fault } from './fuzz-process.js';
import type { Cost } from './meter.js';

export interface FuzzOptions {
  readonly parsers: readonly string[];
  /** The module that exports the parsers as `PARSERS`. */
  readonly table: string;
  readonly seed: number;
  readonly from?: number;
  readonly cases: number;
  /** For a batch of cases. Only a case that does not end takes this long. */
  readonly hardLimitMs?: number;
  readonly entry: string;
}

export interface FuzzResult {
  readonly parser: string;
  readonly seed: number;
  readonly cases: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly faults: readonly Fault[];
  readonly shares: Readonly<Record<keyof Cost, number>>;
}

const BATCH = 100;
const HARD_LIMIT_MS = 20_000;
const MOST_SAID = 2000;

/** Runs the parsers in a process that is killed if a case does not end; the following cases run in a new process. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-fuzz-'));
  const runner = new Runner(options, folder);
  try {
    const results: FuzzResult[] = [];
    for (const parser of options.parsers) results.push(await runner.run(parser));
    return results;
  } finally {
    runner.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

class Runner {
  private child: ChildProcess | undefined;
  /** The last output of the process. */
  private output = '';

  constructor(
    private readonly options: FuzzOptions,
    private readonly folder: string,
  ) {}

  async run(parser: string): Promise<FuzzResult> {
    const { seed, cases, from = 0 } = this.options;
    const begun = performance.now();
    const faults: Fault[] = [];
    const shares = { steps: 0, reads: 0, bytesRead: 0, allocated: 0 };
    let accepted = 0;
    for (let at = from; at < from + cases;) {
      const batch = { parser, seed, from: at, to: Math.min(from + cases, at + BATCH) };
      const result = await this.tryBatch(batch);
      if ('stuckAt' in result) {
        faults.push({ parser, seed, case: result.stuckAt, what: result.what });
        at = result.stuckAt + 1;
        continue;
      }
      at = batch.to;
      accepted += result.accepted;
      faults.push(...result.faults);
      for (const measure of Object.keys(shares) as (keyof Cost)[]) {
        shares[measure] = Math.max(shares[measure], result.shares[measure]);
      }
    }
    const seconds = Math.round((performance.now() - begun) / 100) / 10;
    return { parser, seed, cases, accepted, seconds, faults, shares };
  }

  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private async tryBatch(batch: Batch): Promise<BatchResult | { stuckAt: number; what: string }> {
    const child = (this.child ??= await this.start());
    const { hardLimitMs = HARD_LIMIT_MS } = this.options;
    return new Promise((resolve) => {
      let what: string | undefined;
      const late = setTimeout(() => {
        what = `does not end within ${hardLimitMs} ms`;
        child.kill('SIGKILL');
      }, hardLimitMs);
      const answered = (result: BatchResult): void => {
        clearTimeout(late);
        child.off('close', ended);
        resolve(result);
      };
      const ended = (code: number | null, signal: string | null): void => {
        clearTimeout(late);
        child.off('message', answered);
        this.child = undefined;
        const stuckAt = Number(readFileSync(join(this.folder, 'progress'), 'utf8'));
        resolve({ stuckAt, what: what ?? `ends the process: ${signal ?? code}\n${this.output}` });
      };
      child.once('message', answered).once('close', ended);
      child.send(batch);
    });
  }

  private async start(): Promise<ChildProcess> {
    const { entry, table } = this.options;
    const child = fork(entry, [table, join(this.folder, 'progress'), join(this.folder, 'case')], {
      execArgv: ['--max-old-space-size=512'],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    });
    this.output = '';
    child
      .stderr!.setEncoding('utf8')
      .on('data', (text: string) => (this.output = (this.output + text).slice(-MOST_SAID)));
    await once(child, 'message');
    return child;
  }
}
