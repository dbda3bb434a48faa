import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** What a run did, or would have done: numbers by name. */
export type TaskReport = Readonly<Record<string, number>>;

/** Work that is due every so often, once in the whole cluster. */
export interface ScheduledTask {
  /** Kebab-case; stands in the log and is the name of its schedule. */
  readonly name: string;
  readonly everyMs: number;
  /** With `isDryRun` it changes nothing and counts what it would. Two runs at once must do no harm. */
  run(options: { isDryRun: boolean }): Promise<TaskReport>;
}

interface Scheduled {
  readonly task: ScheduledTask;
  readonly failures: RepeatedWarning;
}

/** Hears of every run: how it ended, and what it did (nothing, when it failed or was dry); must not throw. */
export type RunObserver = (name: string, outcome: 'done' | 'failed', ms: number, done: TaskReport) => void;

/** Everything that is scheduled. Modules add their tasks at start-up; workers run them. */
@Injectable()
export class Schedule {
  private readonly logger = new Logger(Schedule.name);
  private readonly tasks = new Map<string, Scheduled>();
  private readonly observers: RunObserver[] = [];

  constructor(private readonly config: Config) {}

  /** @throws Error when the name is taken */
  add(task: ScheduledTask): void {
    if (this.tasks.has(task.name)) throw new Error(`task ${task.name} is scheduled twice`);
    const failures = new RepeatedWarning(this.logger, 'scheduled work failed', {
      over: 'scheduled work is done again',
      level: 'error',
      fields: { task: task.name },
    });
    this.tasks.set(task.name, { task, failures });
  }

  observe(observer: RunObserver): void {
    this.observers.push(observer);
  }

  all(): ScheduledTask[] {
    return [...this.tasks.values()].map(({ task }) => task);
  }

  /** Runs a task and says in the log what it did; undefined for a name this version does not know. */
  async run(name: string, options = { isDryRun: this.config.scheduleDryRun }): Promise<TaskReport | undefined> {
    const scheduled = this.tasks.get(name);
    if (!scheduled) return undefined;
    const { task, failures } = scheduled;
    const begun = performance.now();
    let outcome: 'done' | 'failed' = 'failed';
    let report: TaskReport = {};
    try {
      report = await failures.watch(() => task.run(options));
      outcome = 'done';
    } finally {
      const done = options.isDryRun ? {} : report;
      for (const observe of this.observers) observe(name, outcome, performance.now() - begun, done);
    }
    const facts = {
      task: name,
      dry_run: options.isDryRun,
      duration_ms: Math.round(performance.now() - begun),
      ...report,
    };
    const hasDone = Object.values(report).some((count) => count > 0);
    if (hasDone || options.isDryRun)
      this.logger.log(facts, options.isDryRun ? 'scheduled work, dry: this is what it would do' : 'scheduled work');
    else this.logger.debug(facts, 'scheduled work, nothing to do');
    return report;
  }
}

/** Rounds of one run: what is left is done by the next. */
const MOST_ROUNDS = 200;

/** Repeats a bounded step until it finds less than its bound; answers how much it did in all. */
export async function inBatches(bound: number, step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const count = await step();
    total += count;
    if (count < bound) break;
  }
  return total;
}
