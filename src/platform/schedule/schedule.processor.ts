import { InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { Schedule } from './schedule.js';

export const SCHEDULE_QUEUE = 'schedule';

/** Runs what is due: all workers name the same schedules, and the queue gives each run to one of them. */
@Processor(SCHEDULE_QUEUE, { concurrency: 2, runRetryDelay: 1000 })
export class ScheduleProcessor extends WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger(ScheduleProcessor.name);

  constructor(
    private readonly schedule: Schedule,
    @InjectQueue(SCHEDULE_QUEUE) private readonly queue: Queue,
  ) {
    super();
  }

  /** Not waited for: a server whose Redis is away serves all the same, and the schedules are named when it is back. */
  onApplicationBootstrap(): void {
    void this.nameSchedules();
  }

  private async nameSchedules(): Promise<void> {
    try {
      const names = new Set(this.schedule.all().map(({ name }) => name));
      for (const { name, everyMs } of this.schedule.all()) {
        await this.queue.upsertJobScheduler(name, { every: everyMs }, { name });
      }
      this.logger.debug({ tasks: [...names] }, 'scheduled');
    } catch (error) {
      this.logger.error({ err: error }, 'the regular work could not be scheduled');
    }
  }

  async process({ name }: Job): Promise<void> {
    await this.schedule.run(name);
  }

  @OnWorkerEvent('error')
  onError(error: Error): void {
    this.logger.warn(`the queue fails: ${error.message}`);
  }
}
