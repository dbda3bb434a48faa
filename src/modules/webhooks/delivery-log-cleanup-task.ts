import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { inBatches, Schedule, type ScheduledTask, type TaskReport } from '../../platform/schedule/schedule.js';
import { DeliveriesRepository } from './deliveries.repository.js';

const AT_ONCE = 1000;

/** Deletes old events with their deliveries, and the large bodies of recent ones. */
@Injectable()
export class DeliveryLogCleanupTask implements ScheduledTask, OnModuleInit {
  readonly name = 'webhook-deliveries';
  readonly everyMs = 60 * 60_000;

  constructor(
    private readonly schedule: Schedule,
    private readonly repository: DeliveriesRepository,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    const { webhookLogDays: days } = this.config;
    if (isDryRun) {
      return { events: await this.repository.countOld(days), bodies: await this.repository.countLargeBodies(days) };
    }
    return {
      events: await inBatches(AT_ONCE, () => this.repository.deleteOld(days, AT_ONCE)),
      bodies: await inBatches(AT_ONCE, () => this.repository.clearLargeBodies(AT_ONCE)),
    };
  }
}
