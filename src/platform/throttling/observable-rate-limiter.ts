import type { OnModuleDestroy } from '@nestjs/common';
import type { LimitAction, LimitRule } from './limits.js';
import { type LimitVerdict, RateLimiter } from './rate-limiter.js';

/** Called with every counted action, its subject and whether it was allowed. Must not throw. */
export interface LimitObserver {
  counted(action: LimitAction, subject: string, allowed: boolean): void;
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

  consume(action: LimitAction, subject: string, rule: LimitRule): LimitVerdict | Promise<LimitVerdict> {
    const verdict = this.limiter.consume(action, subject, rule);
    if (verdict instanceof Promise) return verdict.then((resolved) => this.notify(action, subject, resolved));
    return this.notify(action, subject, verdict);
  }

  refund(action: LimitAction, subject: string): void | Promise<void> {
    return this.limiter.refund(action, subject);
  }

  onModuleDestroy(): void {
    this.limiter.onModuleDestroy?.();
  }

  private notify(action: LimitAction, subject: string, verdict: LimitVerdict): LimitVerdict {
    for (const observer of this.observers) observer.counted(action, subject, verdict.allowed);
    return verdict;
  }
}
