import type { OnModuleDestroy } from '@nestjs/common';
import type { LimitRule } from './limits.js';
import { type LimitVerdict, RateLimiter } from './rate-limiter.js';

/** Called with every counted hit: the name of its limit, its subject and whether it was allowed. Must not throw. */
export interface LimitObserver {
  counted(limitName: string, subject: string, allowed: boolean): void;
}

/**
 * A limiter that notifies observers of its decisions. Every action is counted here, so it is also the source of the
 * statistics of active users.
 */
export class ObservableRateLimiter extends RateLimiter implements OnModuleDestroy {
  private readonly observers: LimitObserver[] = [];

  constructor(private readonly limiter: RateLimiter & Partial<OnModuleDestroy>) {
    super();
  }

  observe(observer: LimitObserver): void {
    this.observers.push(observer);
  }

  consume(limitName: string, subject: string, rule: LimitRule): LimitVerdict | Promise<LimitVerdict> {
    const verdict = this.limiter.consume(limitName, subject, rule);
    if (verdict instanceof Promise) return verdict.then((resolved) => this.notify(limitName, subject, resolved));
    return this.notify(limitName, subject, verdict);
  }

  refund(limitName: string, subject: string): void | Promise<void> {
    return this.limiter.refund(limitName, subject);
  }

  onModuleDestroy(): void {
    this.limiter.onModuleDestroy?.();
  }

  private notify(limitName: string, subject: string, verdict: LimitVerdict): LimitVerdict {
    for (const observer of this.observers) observer.counted(limitName, subject, verdict.allowed);
    return verdict;
  }
}
