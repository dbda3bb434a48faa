import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { ScheduledTasks } from './schedule.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

export const SCHEDULE_QUEUE = 'schedule';

/** How often job schedulers that the queue has lost are registered again: a Redis that restarted empty has none. */
export const REGISTRATION = { everyMs: 60_000, afterFailureMs: 1000 };

/** Runs scheduled tasks: all workers register the same job schedulers; the queue assigns each run to one worker. */
@Processor(SCHEDULE_QUEUE, { concurrency: 2, runRetryDelay: 1000 })
export class ScheduleProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ScheduleProcessor.name);
  private readonly failures = new RepeatedWarning(this.logger, 'the scheduled tasks could not be registered', {
    recovered: 'the scheduled tasks are registered again',
    level: 'error',
  });
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** Whether this process has registered all job schedulers, so that their intervals are those of this version. */
  private hasRegistered = false;

  constructor(
    private readonly tasks: ScheduledTasks,
    @InjectQueue(SCHEDULE_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  /** Not awaited: a server works while Redis is unavailable, and registers the tasks once it is back. */
  onApplicationBootstrap(): void {
    void this.keepRegistered();
  }

  onModuleDestroy(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private async keepRegistered(): Promise<void> {
    let waitMs = REGISTRATION.everyMs;
    try {
      await this.failures.watch(() => this.registerMissing());
    } catch {
      if (this.isClosed) return;
      waitMs = REGISTRATION.afterFailureMs;
    }
    if (!this.isClosed) this.timer = setTimeout(() => void this.keepRegistered(), waitMs).unref();
  }

  /** A job scheduler that the queue has is not changed: registering it again removes its next run and adds it again. */
  private async registerMissing(): Promise<void> {
    const known = this.hasRegistered ? (await this.queue.getJobSchedulers()).map(({ key }) => key) : [];
    const missing = this.tasks.all().filter(({ name }) => !known.includes(name));
    for (const { name, everyMs } of missing) await this.queue.upsertJobScheduler(name, { every: everyMs }, { name });
    this.hasRegistered = true;
    if (missing.length > 0) this.logger.debug({ tasks: missing.map(({ name }) => name) }, 'scheduled');
  }

  async process({ name }: Job): Promise<void> {
    await this.tasks.run(name);
  }
}
