import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isUuid } from '../../../platform/validation/fields.js';
import { ObservableRateLimiter } from '../../../platform/throttling/observable-rate-limiter.js';

const HOUR_MS = 3_600_000;

/**
 * Who did anything in this hour, through this process: whatever counts against a limit, on any route or socket. One
 * look-up in a set each time; the database is told of each person once an hour and node.
 */
@Injectable()
export class ActiveUsers implements OnModuleInit {
  private hour = 0;
  private readonly known = new Set<string>();
  private untold: string[] = [];

  constructor(private readonly limiter: ObservableRateLimiter) {}

  onModuleInit(): void {
    this.limiter.observe({ counted: (_action, subject) => this.saw(subject) });
  }

  /** Those the database has not been told of. Whoever could not tell it gives them back. */
  take(): string[] {
    this.turnHour();
    const { untold } = this;
    this.untold = [];
    return untold;
  }

  giveBack(userIds: readonly string[]): void {
    this.untold.push(...userIds);
  }

  private saw(subject: string): void {
    if (this.known.has(subject) || !isUuid(subject)) return; // subjects are addresses, too
    this.known.add(subject);
    this.untold.push(subject);
  }

  private turnHour(): void {
    const hour = Math.floor(Date.now() / HOUR_MS);
    if (hour === this.hour) return;
    this.hour = hour;
    this.known.clear();
  }
}
