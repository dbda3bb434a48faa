import type { OnModuleDestroy } from '@nestjs/common';
import type { LimitAction, LimitRule } from './limits.js';
import { type LimitVerdict, RateLimiter } from './rate-limiter.js';

/** Hears of everything that is counted: who did what, and whether he might. Must not throw. */
export interface LimitObserver {
  counted(action: LimitAction, subject: string, allowed: boolean): void;
}

/**
 * A limiter that tells what it decided. Whatever anybody does passes here: it is also how the place knows who is
 * active.
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
    if (verdict instanceof Promise) return verdict.then((answer) => this.tell(action, subject, answer));
    return this.tell(action, subject, verdict);
  }

  refund(action: LimitAction, subject: string): void | Promise<void> {
    return this.limiter.refund(action, subject);
  }

  onModuleDestroy(): void {
    this.limiter.onModuleDestroy?.();
  }

  private tell(action: LimitAction, subject: string, verdict: LimitVerdict): LimitVerdict {
    for (const observer of this.observers) observer.counted(action, subject, verdict.allowed);
    return verdict;
  }
}
