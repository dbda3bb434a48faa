import type { LimitRule } from './limits.js';
import { SLOTS } from './rate-limiter.js';

/** Counts the hits of one subject for one limit. Times are milliseconds of one monotonic clock. */
export interface LimitCounter {
  /**
   * Counts a hit if the limit permits it. The result has the time until `count` changes and until a hit is accepted.
   */
  consume(now: number, rule: LimitRule): CounterResult;
  refund(): void;
  /** Whether no hit is inside the window any more, so that the counter may be deleted. */
  isIdle(now: number): boolean;
}

export interface CounterResult {
  readonly allowed: boolean;
  /** Hits inside the window, this one included. */
  readonly count: number;
  readonly oldestLeavesInMs: number;
  /** 0 when allowed. */
  readonly retryAfterMs: number;
}

/** Below this number of expired entries, removing them from the front of the list is not worth the cost. */
const COMPACT_FROM = 16;

/** Stores the time of every accepted hit, oldest first: exact, for limits whose memory is affordable. */
export class SlidingLogCounter implements LimitCounter {
  private readonly times: number[] = [];
  private first = 0;
  /** The longest window this counter was called with: hits are stored until they have left it. */
  private keepMs = 0;

  consume(now: number, { limit, windowMs }: LimitRule): CounterResult {
    if (windowMs > this.keepMs) this.keepMs = windowMs;
    this.dropBefore(now - this.keepMs);
    const { times } = this;
    const begin = windowMs === this.keepMs ? this.first : this.firstAfter(now - windowMs);
    const count = times.length - begin;
    if (count >= limit) {
      const oldest = times[begin] ?? now;
      const blocking = times[begin + count - limit] ?? now;
      return {
        allowed: false,
        count,
        oldestLeavesInMs: oldest + windowMs - now,
        retryAfterMs: blocking + windowMs - now,
      };
    }
    times.push(now);
    return { allowed: true, count: count + 1, oldestLeavesInMs: times[begin]! + windowMs - now, retryAfterMs: 0 };
  }

  refund(): void {
    if (this.times.length > this.first) this.times.pop();
  }

  isIdle(now: number): boolean {
    const newest = this.times.length - 1;
    return newest < this.first || this.times[newest]! <= now - this.keepMs;
  }

  private dropBefore(edge: number): void {
    const { times } = this;
    let first = this.first;
    while (first < times.length && times[first]! <= edge) first++;
    if (first >= COMPACT_FROM && first * 2 >= times.length) {
      times.splice(0, first);
      first = 0;
    }
    this.first = first;
  }

  private firstAfter(edge: number): number {
    let low = this.first;
    let high = this.times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle]! <= edge) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Counts hits for each slot of a window: constant memory for limits too large to store the time of every hit. */
export class SlidingWindowCounter implements LimitCounter {
  private readonly counts = new Array<number>(SLOTS + 1).fill(0);
  private readonly slotMs: number;
  private total = 0;
  private newest = 0;
  private oldest = 0;

  constructor(windowMs: number) {
    this.slotMs = windowMs / SLOTS;
  }

  consume(now: number, { limit }: LimitRule): CounterResult {
    this.advance(now);
    const allowed = this.total < limit;
    if (allowed) {
      this.counts[this.newest % this.counts.length]!++;
      this.total++;
    }
    while (this.oldest < this.newest && this.counts[this.oldest % this.counts.length] === 0) this.oldest++;
    const oldestLeavesInMs = (this.oldest + this.counts.length) * this.slotMs - now;
    return { allowed, count: this.total, oldestLeavesInMs, retryAfterMs: allowed ? 0 : this.acceptsAt(limit) - now };
  }

  refund(): void {
    for (let slot = this.newest; slot >= this.oldest; slot--) {
      const index = slot % this.counts.length;
      if (this.counts[index] === 0) continue;
      this.counts[index]!--;
      this.total--;
      return;
    }
  }

  isIdle(now: number): boolean {
    return this.total === 0 || Math.floor(now / this.slotMs) - this.newest >= this.counts.length;
  }

  private advance(now: number): void {
    const current = Math.floor(now / this.slotMs);
    if (current - this.newest >= this.counts.length) {
      this.counts.fill(0);
      this.total = 0;
      this.newest = this.oldest = current;
      return;
    }
    while (this.newest < current) {
      const index = ++this.newest % this.counts.length;
      this.total -= this.counts[index]!;
      this.counts[index] = 0;
    }
    this.oldest = Math.max(this.oldest, current - SLOTS);
  }

  private acceptsAt(limit: number): number {
    let left = this.total;
    for (let slot = this.oldest; slot <= this.newest; slot++) {
      left -= this.counts[slot % this.counts.length]!;
      if (left < limit) return (slot + this.counts.length) * this.slotMs;
    }
    return (this.newest + this.counts.length) * this.slotMs;
  }
}
