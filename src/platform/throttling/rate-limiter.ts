import type { LimitRule } from './limits.js';

export interface LimitVerdict {
  readonly allowed: boolean;
  readonly limit: number;
  /** How many more hits would be accepted now. */
  readonly remaining: number;
  /** Epoch seconds at which the oldest counted hit leaves the window. */
  readonly resetAt: number;
  /** Whole seconds after which another attempt can succeed; 0 if this one did. */
  readonly retryAfterSeconds: number;
}

/**
 * Counts the hits of subjects for each limit. It guarantees that in no window of `windowMs`, wherever it begins, more
 * than `limit` hits of one subject are accepted. A refused attempt is not counted, so it does not make the wait longer.
 * One counter may be used with different rules (the routes of a dialect have their own numbers); each rule applies to
 * all hits of the counter.
 */
export abstract class RateLimiter {
  abstract consume(limitName: string, subject: string, rule: LimitRule): LimitVerdict | Promise<LimitVerdict>;

  /**
   * Removes the newest hit, for a request that turned out to be a repetition without cost. If two requests of one
   * subject overlap, the hit of the later one is removed instead of that of the earlier one.
   */
  abstract refund(limitName: string, subject: string): void | Promise<void>;
}

/** Above this limit the times of single hits are no longer stored; hits are counted in a ring of slots instead. */
export const LARGEST_EXACT_LIMIT = 20_000;

/**
 * The number of slots of a window above LARGEST_EXACT_LIMIT. A slot that is partly outside the window counts in full:
 * never more than the limit is accepted, and a hit is permitted again at most 1/64 of the window late.
 */
export const SLOTS = 64;
