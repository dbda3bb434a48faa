import type { LimitAction, LimitRule } from './limits.js';

export interface LimitVerdict {
  readonly allowed: boolean;
  readonly limit: number;
  /** How many more would be accepted at this moment. */
  readonly remaining: number;
  /** Epoch seconds at which the oldest counted hit leaves the window. */
  readonly resetAt: number;
  /** Whole seconds after which another try can succeed; 0 when this one did. */
  readonly retryAfterSeconds: number;
}

/**
 * Counts what subjects do. It promises: in no window of `windowMs`, wherever it begins, are more than `limit` accepted
 * for one action and subject; a refused try is not counted, so it does not make the wait longer.
 * One counter may be asked with different rules (the addresses of a dialect have numbers of their own); each rule holds
 * for the hits of all of them.
 */
export abstract class RateLimiter {
  abstract consume(action: LimitAction, subject: string, rule: LimitRule): LimitVerdict | Promise<LimitVerdict>;

  /**
   * Takes back the newest hit: what was asked turned out to be a repetition that cost nothing. Where two requests of
   * one subject overlap, the later one's moment is taken instead of the earlier one's.
   */
  abstract refund(action: LimitAction, subject: string): void | Promise<void>;
}

/** Above this number of hits single moments are no longer kept; a ring of counted slots answers instead. */
export const LARGEST_EXACT_LIMIT = 20_000;

/**
 * Slots a window is cut into above LARGEST_EXACT_LIMIT. The slot that is half out of the window counts in full: never
 * more than the limit, at worst 1/64 of the window late in giving room back.
 */
export const SLOTS = 64;
