import type { LimitRule } from './limits.js';
import { SLOTS } from './rate-limiter.js';

/** What is known about one action of one subject. Times are in milliseconds of one monotonic clock. */
export interface LimitCounter {
  /** Counts a hit if there is room for it. The answer is the time until `count` changes, and until there is room. */
  take(now: number, rule: LimitRule): CounterAnswer;
  giveBack(): void;
  /** Whether nothing is counted any more, so that the counter may be forgotten. */
  isIdle(now: number): boolean;
}

export interface CounterAnswer {
  readonly allowed: boolean;
  /** Hits inside the window, this one included. */
  readonly count: number;
  readonly oldestLeavesInMs: number;
  /** 0 when allowed. */
  readonly roomInMs: number;
}

/** Below this length the dead front of the list is not worth moving. */
const COMPACT_FROM = 16;

/** The moments of all accepted hits, oldest first: exact, as long as memory for each is affordable. */
export class SlidingLogCounter implements LimitCounter {
  private readonly moments: number[] = [];
  private first = 0;
  /** The longest window this counter was asked with: hits stay until they are out of that one. */
  private keepMs = 0;

  take(now: number, { limit, windowMs }: LimitRule): CounterAnswer {
    if (windowMs > this.keepMs) this.keepMs = windowMs;
    this.dropBefore(now - this.keepMs);
    const { moments } = this;
    const begin = windowMs === this.keepMs ? this.first : this.firstAfter(now - windowMs);
    const count = moments.length - begin;
    if (count >= limit) {
      const oldest = moments[begin] ?? now;
      const blocking = moments[begin + count - limit] ?? now;
      return {
        allowed: false,
        count,
        oldestLeavesInMs: oldest + windowMs - now,
        roomInMs: blocking + windowMs - now,
      };
    }
    moments.push(now);
    return { allowed: true, count: count + 1, oldestLeavesInMs: moments[begin]! + windowMs - now, roomInMs: 0 };
  }

  giveBack(): void {
    if (this.moments.length > this.first) this.moments.pop();
  }

  isIdle(now: number): boolean {
    const newest = this.moments.length - 1;
    return newest < this.first || this.moments[newest]! <= now - this.keepMs;
  }

  private dropBefore(edge: number): void {
    const { moments } = this;
    let first = this.first;
    while (first < moments.length && moments[first]! <= edge) first++;
    if (first >= COMPACT_FROM && first * 2 >= moments.length) {
      moments.splice(0, first);
      first = 0;
    }
    this.first = first;
  }

  private firstAfter(edge: number): number {
    let low = this.first;
    let high = this.moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.moments[middle]! <= edge) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Counts per slot of a window: constant memory for limits too large to keep every moment. */
export class SlidingWindowCounter implements LimitCounter {
  private readonly counts = new Array<number>(SLOTS + 1).fill(0);
  private readonly slotMs: number;
  private total = 0;
  private newest = 0;
  private oldest = 0;

  constructor(windowMs: number) {
    this.slotMs = windowMs / SLOTS;
  }

  take(now: number, { limit }: LimitRule): CounterAnswer {
    this.advance(now);
    const allowed = this.total < limit;
    if (allowed) {
      this.counts[this.newest % this.counts.length]!++;
      this.total++;
    }
    while (this.oldest < this.newest && this.counts[this.oldest % this.counts.length] === 0) this.oldest++;
    const oldestLeavesInMs = (this.oldest + this.counts.length) * this.slotMs - now;
    return { allowed, count: this.total, oldestLeavesInMs, roomInMs: allowed ? 0 : this.roomAt(limit) - now };
  }

  giveBack(): void {
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

  private roomAt(limit: number): number {
    let left = this.total;
    for (let slot = this.oldest; slot <= this.newest; slot++) {
      left -= this.counts[slot % this.counts.length]!;
      if (left < limit) return (slot + this.counts.length) * this.slotMs;
    }
    return (this.newest + this.counts.length) * this.slotMs;
  }
}
