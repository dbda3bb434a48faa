import { performance } from 'node:perf_hooks';
import { type LimitCounter, SlidingLogCounter, SlidingWindowCounter } from './limit-counter.js';
import type { LimitAction, LimitRule } from './limits.js';
import { LARGEST_EXACT_LIMIT, type LimitVerdict, RateLimiter } from './rate-limiter.js';

/** Windows are measured on a clock that is never set back; headers speak of the clock on the wall. */
export interface LimitClock {
  monotonicMs(): number;
  epochMs(): number;
}

const SYSTEM_CLOCK: LimitClock = { monotonicMs: () => performance.now(), epochMs: () => Date.now() };

/**
 * Counters looked at for forgetting with every hit: more than the one a hit can add, so that idle ones cannot pile up.
 */
const SWEPT_PER_HIT = 2;

/** The counters of one action. They are few hundred bytes each: a flood of new addresses costs what `most` allows. */
class Counters {
  private readonly bySubject = new Map<string, LimitCounter>();
  private sweep = this.bySubject.entries();

  constructor(private readonly most: number) {}

  get size(): number {
    return this.bySubject.size;
  }

  get(subject: string): LimitCounter | undefined {
    return this.bySubject.get(subject);
  }

  add(subject: string, counter: LimitCounter): void {
    if (this.bySubject.size >= this.most) this.forgetFirst();
    this.bySubject.set(subject, counter);
  }

  forgetIdle(now: number): void {
    for (let looked = 0; looked < SWEPT_PER_HIT; looked++) {
      const next = this.sweep.next();
      if (next.done) {
        this.sweep = this.bySubject.entries();
        return;
      }
      if (next.value[1].isIdle(now)) this.bySubject.delete(next.value[0]);
    }
  }

  private forgetFirst(): void {
    for (const subject of this.bySubject.keys()) {
      this.bySubject.delete(subject);
      return;
    }
  }
}

/**
 * The limiter of one process: exact, synchronous, and as large as the hits inside the windows. Subjects that do
 * nothing are forgotten; above `mostSubjects` of one action the one known longest is, in favour of the newcomer.
 */
export class MemoryRateLimiter extends RateLimiter {
  private readonly exact = new Map<LimitAction, Counters>();
  private readonly counted = new Map<LimitAction, Counters>();

  constructor(
    private readonly clock: LimitClock = SYSTEM_CLOCK,
    private readonly mostSubjects = 500_000,
  ) {
    super();
  }

  /** How many subjects are remembered. */
  get size(): number {
    let size = 0;
    for (const counters of this.exact.values()) size += counters.size;
    for (const counters of this.counted.values()) size += counters.size;
    return size;
  }

  consume(action: LimitAction, subject: string, rule: LimitRule): LimitVerdict {
    const now = this.clock.monotonicMs();
    const answer = this.counter(action, subject, rule, now).take(now, rule);
    return {
      allowed: answer.allowed,
      limit: rule.limit,
      remaining: Math.max(0, rule.limit - answer.count),
      resetAt: Math.ceil((this.clock.epochMs() + answer.oldestLeavesInMs) / 1000),
      retryAfterSeconds: answer.allowed ? 0 : Math.max(1, Math.ceil(answer.roomInMs / 1000)),
    };
  }

  refund(action: LimitAction, subject: string): void {
    this.exact.get(action)?.get(subject)?.giveBack();
    this.counted.get(action)?.get(subject)?.giveBack();
  }

  private counter(action: LimitAction, subject: string, rule: LimitRule, now: number): LimitCounter {
    const isExact = rule.limit <= LARGEST_EXACT_LIMIT;
    const byAction = isExact ? this.exact : this.counted;
    let counters = byAction.get(action);
    if (!counters) byAction.set(action, (counters = new Counters(this.mostSubjects)));
    counters.forgetIdle(now);
    let counter = counters.get(subject);
    if (!counter)
      counters.add(subject, (counter = isExact ? new SlidingLogCounter() : new SlidingWindowCounter(rule.windowMs)));
    return counter;
  }
}
