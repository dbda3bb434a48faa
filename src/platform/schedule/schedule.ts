import { Injectable, Logger } from '@nestjs/common';
import { Config } from '../config/config.js';
import { type DecoratedMethods, methodDecorator } from '../discovery/decorated-methods.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** The result of a run, or of a dry run: counts by name. */
export type TaskReport = Readonly<Record<string, number>>;

interface TaskOptions {
  /** Kebab-case; used in the log and as the name of its job scheduler. */
  readonly name: string;
  readonly everyMs: number;
}

/** With `isDryRun` it changes nothing and counts what it would change. Two concurrent runs must be harmless. */
type RunTask = (options: { isDryRun: boolean }) => Promise<TaskReport>;

interface Task extends TaskOptions {
  readonly run: RunTask;
  readonly failures: RepeatedWarning;
}

const SCHEDULED_TASK = Symbol('@ScheduledTask');

/**
 * Marks a method of a provider as a task that runs periodically, once in the whole cluster. The provider belongs to a
 * `*.worker.module.ts`.
 */
export function ScheduledTask(options: TaskOptions) {
  return methodDecorator<RunTask>(SCHEDULED_TASK, options);
}

/** Called after every run with its outcome and result (empty after a failure or a dry run); must not throw. */
export type RunObserver = (name: string, outcome: 'done' | 'failed', ms: number, done: TaskReport) => void;

/** All scheduled tasks. Workers run them. */
@Injectable()
export class ScheduledTasks {
  private readonly logger = new Logger('Schedule');
  private readonly tasks = new Map<string, Task>();
  private readonly observers: RunObserver[] = [];

  constructor(private readonly config: Config) {}

  /** Adds the methods marked `@ScheduledTask`. @throws Error when two have the same name, or one has no interval */
  registerDecorated(methods: DecoratedMethods): void {
    for (const { options, method: run } of methods.of<TaskOptions, RunTask>(SCHEDULED_TASK)) {
      const { name, everyMs } = options;
      if (this.tasks.has(name)) throw new Error(`The task ${name} is scheduled twice.`);
      if (!(everyMs > 0)) throw new Error(`The task ${name} has no interval.`);
      const failures = new RepeatedWarning(this.logger, 'scheduled work failed', {
        recovered: 'scheduled work is done again',
        level: 'error',
        fields: { task: name },
      });
      this.tasks.set(name, { name, everyMs, run, failures });
    }
  }

  observe(observer: RunObserver): void {
    this.observers.push(observer);
  }

  all(): TaskOptions[] {
    return [...this.tasks.values()];
  }

  /** Runs a task and logs its result; undefined for a name that this version does not know. */
  async run(name: string, options = { isDryRun: this.config.scheduleDryRun }): Promise<TaskReport | undefined> {
    const task = this.tasks.get(name);
    if (!task) return undefined;
    const begun = performance.now();
    let outcome: 'done' | 'failed' = 'failed';
    let report: TaskReport = {};
    try {
      report = await task.failures.watch(() => task.run(options));
      outcome = 'done';
    } finally {
      const done = options.isDryRun ? {} : report;
      for (const observe of this.observers) observe(name, outcome, performance.now() - begun, done);
    }
    const fields = {
      task: name,
      dry_run: options.isDryRun,
      duration_ms: Math.round(performance.now() - begun),
      ...report,
    };
    const hasChanged = Object.values(report).some((count) => count > 0);
    if (hasChanged || options.isDryRun)
      this.logger.log(fields, options.isDryRun ? 'scheduled work, dry run: what it would do' : 'scheduled work');
    else this.logger.debug(fields, 'scheduled work, nothing to do');
    return report;
  }
}

/** Batches of one run. The rest is left to the next run. */
const MAX_BATCHES = 200;

/** Repeats a bounded step until it processes less than its bound. Returns the total. */
export async function inBatches(bound: number, step: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const count = await step();
    total += count;
    if (count < bound) break;
  }
  return total;
}
