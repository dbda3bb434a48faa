import { performance } from 'node:perf_hooks';
import { type LimitCounter, SlidingLogCounter, SlidingWindowCounter } from './limit-counter.js';
import type { LimitRule } from './limits.js';
import { LARGEST_EXACT_LIMIT, type LimitVerdict, RateLimiter } from './rate-limiter.js';

/** Windows are measured with a monotonic clock; headers contain wall clock time. */
export interface LimitClock {
  monotonicMs(): number;
  epochMs(): number;
}

const SYSTEM_CLOCK: LimitClock = { monotonicMs: () => performance.now(), epochMs: () => Date.now() };

/**
 * The number of counters that are checked for deletion with every hit: more than the one a hit can add, so that idle
 * counters cannot accumulate.
 */
const CHECKED_PER_HIT = 2;

/**
 * The counters of one limit. Each takes a few hundred bytes; `maxSubjects` limits the memory of a flood of new IP
 * addresses.
 */
class Counters {
  private readonly bySubject = new Map<string, LimitCounter>();
  private cleanup = this.bySubject.entries();

  constructor(private readonly maxSubjects: number) {}

  get size(): number {
    return this.bySubject.size;
  }

  get(subject: string): LimitCounter | undefined {
    return this.bySubject.get(subject);
  }

  add(subject: string, counter: LimitCounter): void {
    if (this.bySubject.size >= this.maxSubjects) this.deleteOldest();
    this.bySubject.set(subject, counter);
  }

  deleteIdle(now: number): void {
    for (let checked = 0; checked < CHECKED_PER_HIT; checked++) {
      const next = this.cleanup.next();
      if (next.done) {
        this.cleanup = this.bySubject.entries();
        return;
      }
      if (next.value[1].isIdle(now)) this.bySubject.delete(next.value[0]);
    }
  }

  private deleteOldest(): void {
    for (const subject of this.bySubject.keys()) {
      this.bySubject.delete(subject);
      return;
    }
  }
}

/**
 * The rate limiter of one process: exact, synchronous, and as large as the hits inside the windows. Idle subjects are
 * deleted; above `maxSubjects` of one limit, the oldest one is deleted for each new one.
 */
export class MemoryRateLimiter extends RateLimiter {
  private readonly exact = new Map<string, Counters>();
  private readonly counted = new Map<string, Counters>();

  constructor(
    private readonly clock: LimitClock = SYSTEM_CLOCK,
    private readonly maxSubjects = 500_000,
  ) {
    super();
  }

  /** The number of stored subjects. */
  get size(): number {
    let size = 0;
    for (const counters of this.exact.values()) size += counters.size;
    for (const counters of this.counted.values()) size += counters.size;
    return size;
  }

  consume(limitName: string, subject: string, rule: LimitRule): LimitVerdict {
    const now = this.clock.monotonicMs();
    const result = this.counter(limitName, subject, rule, now).consume(now, rule);
    return {
      allowed: result.allowed,
      limit: rule.limit,
      remaining: Math.max(0, rule.limit - result.count),
      resetAt: Math.ceil((this.clock.epochMs() + result.oldestLeavesInMs) / 1000),
      retryAfterSeconds: result.allowed ? 0 : Math.max(1, Math.ceil(result.retryAfterMs / 1000)),
    };
  }

  refund(limitName: string, subject: string): void {
    this.exact.get(limitName)?.get(subject)?.refund();
    this.counted.get(limitName)?.get(subject)?.refund();
  }

  private counter(limitName: string, subject: string, rule: LimitRule, now: number): LimitCounter {
    const isExact = rule.limit <= LARGEST_EXACT_LIMIT;
    const byLimit = isExact ? this.exact : this.counted;
    let counters = byLimit.get(limitName);
    if (!counters) byLimit.set(limitName, (counters = new Counters(this.maxSubjects)));
    counters.deleteIdle(now);
    let counter = counters.get(subject);
    if (!counter)
      counters.add(subject, (counter = isExact ? new SlidingLogCounter() : new SlidingWindowCounter(rule.windowMs)));
    return counter;
  }
}
