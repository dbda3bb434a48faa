import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { DeliveriesRepository } from './deliveries.repository.js';

const BATCH_SIZE = 1000;

/** Deletes old events with their deliveries, and the large bodies of recent ones. */
@Injectable()
export class DeliveryLogCleanupTask {
  constructor(
    private readonly repository: DeliveriesRepository,
    private readonly config: Config,
  ) {}

  @ScheduledTask({ name: 'webhook-deliveries', everyMs: 60 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const { webhookLogDays: days } = this.config;
    if (isDryRun) {
      return { events: await this.repository.countOld(days), bodies: await this.repository.countLargeBodies(days) };
    }
    return {
      events: await inBatches(BATCH_SIZE, () => this.repository.deleteOld(days, BATCH_SIZE)),
      bodies: await inBatches(BATCH_SIZE, () => this.repository.clearLargeBodies(BATCH_SIZE)),
    };
  }
}
