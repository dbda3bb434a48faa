import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid } from '../../../platform/validation/fields.js';
import { ObservableRateLimiter } from '../../../platform/throttling/observable-rate-limiter.js';
import { inBatches, ScheduledTask, type TaskReport } from '../../../platform/schedule/schedule.js';
import { ActivityRepository } from './activity.repository.js';

const HOUR_MS = 3_600_000;

/**
 * The users who were active in the current hour through this process: every call that counts against a rate limit, on
 * any route or socket. Each call costs one set look-up; each user is reported to the database once per hour and node.
 */
@Injectable()
export class ActiveUsers implements OnModuleInit {
  private hour = 0;
  private readonly seen = new Set<string>();
  private unreported: string[] = [];

  constructor(private readonly limiter: ObservableRateLimiter) {}

  onModuleInit(): void {
    this.limiter.observe({ counted: (_action, subject) => this.record(subject) });
  }

  /** Returns the users not yet reported to the database. A caller that fails to report them restores them. */
  take(): string[] {
    this.startHour();
    const { unreported } = this;
    this.unreported = [];
    return unreported;
  }

  restore(userIds: readonly string[]): void {
    this.unreported.push(...userIds);
  }

  private record(subject: string): void {
    if (this.seen.has(subject) || !isUuid(subject)) return; // a subject may also be an IP address
    this.seen.add(subject);
    this.unreported.push(subject);
  }

  private startHour(): void {
    const hour = Math.floor(Date.now() / HOUR_MS);
    if (hour === this.hour) return;
    this.hour = hour;
    this.seen.clear();
  }
}

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
