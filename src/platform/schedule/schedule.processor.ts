import { InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { Schedule } from './schedule.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

export const SCHEDULE_QUEUE = 'schedule';

/** How often schedules the queue has lost are named again: a Redis that came back empty knows none. */
export const NAMING = { everyMs: 60_000, afterFailureMs: 1000 };

/** Runs what is due: all workers name the same schedules, and the queue gives each run to one of them. */
@Processor(SCHEDULE_QUEUE, { concurrency: 2, runRetryDelay: 1000 })
export class ScheduleProcessor extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(ScheduleProcessor.name);
  private readonly unnamed = new RepeatedWarning(this.logger, 'the regular work could not be scheduled', {
    over: 'the regular work is scheduled again',
    level: 'error',
  });
  private naming: NodeJS.Timeout | undefined;
  private isClosed = false;
  /** All were named once by this process: their intervals are those of this version. */
  private isNamed = false;

  constructor(
    private readonly schedule: Schedule,
    @InjectQueue(SCHEDULE_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  /** Not waited for: a server whose Redis is away serves all the same, and the schedules are named when it is back. */
  onApplicationBootstrap(): void {
    void this.keepNamed();
  }

  onModuleDestroy(): void {
    this.isClosed = true;
    clearTimeout(this.naming);
  }

  private async keepNamed(): Promise<void> {
    let waitMs = NAMING.everyMs;
    try {
      await this.unnamed.watch(() => this.nameMissing());
    } catch {
      if (this.isClosed) return;
      waitMs = NAMING.afterFailureMs;
    }
    if (!this.isClosed) this.naming = setTimeout(() => void this.keepNamed(), waitMs).unref();
  }

  /** What the queue knows is left alone: to name it again takes its next run out and puts it back. */
  private async nameMissing(): Promise<void> {
    const known = this.isNamed ? (await this.queue.getJobSchedulers()).map(({ key }) => key) : [];
    const missing = this.schedule.all().filter(({ name }) => !known.includes(name));
    for (const { name, everyMs } of missing) await this.queue.upsertJobScheduler(name, { every: everyMs }, { name });
    this.isNamed = true;
    if (missing.length > 0) this.logger.debug({ tasks: missing.map(({ name }) => name) }, 'scheduled');
  }

  async process({ name }: Job): Promise<void> {
    await this.schedule.run(name);
  }
}
