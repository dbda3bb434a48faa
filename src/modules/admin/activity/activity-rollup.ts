import { Injectable, type OnModuleInit } from '@nestjs/common';
import { inBatches, Schedule, type ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { ActivityRepository } from './activity.repository.js';

const EVERY_MS = 5 * 60_000;

/** Counts active users by hour and day, and deletes their ids after three days and the hours after ninety. */
@Injectable()
export class ActivityRollup implements OnModuleInit, ScheduledTask {
  readonly name = 'activity';
  readonly everyMs = EVERY_MS;

  constructor(
    private readonly repository: ActivityRepository,
    private readonly schedule: Schedule,
  ) {}

  onModuleInit(): void {
    this.schedule.add(this);
  }

  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return {};
    await this.repository.countActiveUsers();
    const people = await inBatches(10_000, () => this.repository.deleteActiveUsers());
    return { people, hours: await this.repository.deleteHours() };
  }
}
