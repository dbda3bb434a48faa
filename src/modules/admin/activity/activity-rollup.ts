import { Injectable } from '@nestjs/common';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { ActivityRepository } from './activity.repository.js';

/** Counts active users by hour and day, and deletes their ids after three days and the hours after ninety. */
@Injectable()
export class ActivityRollup {
  constructor(private readonly repository: ActivityRepository) {}

  @ScheduledTask({ name: 'activity', everyMs: 5 * 60_000 })
  async run({ isDryRun }: { isDryRun: boolean }): Promise<TaskReport> {
    if (isDryRun) return {};
    await this.repository.countActiveUsers();
    const people = await inBatches(10_000, () => this.repository.deleteActiveUsers());
    return { people, hours: await this.repository.deleteHours() };
  }
}
