import { Injectable } from '@nestjs/common';
import { FanOutRepository, type LogState } from './fan-out.repository.js';

/** A state of the log of this age is still used: an older watermark only repeats more events. */
const RECENT_MS = 5000;
/** Longer than a slow consumer stays connected; see `olderWatermark`. */
const SAMPLES_KEPT_MS = 60_000;
const SAMPLE_EVERY_MS = 5000;

/** Tracks the newest watermark and one of a minute ago, as recorded by the reconciler and by resumes. */
@Injectable()
export class WatermarkTracker {
  private newest: { state: LogState; at: number } | undefined;
  private knownEpoch: string | undefined;
  private movedAt = Date.now();
  private samples: { watermark: string; at: number }[] = [];

  constructor(private readonly repository: FanOutRepository) {}

  record(state: LogState, now = Date.now()): void {
    if (!state.isWatermarkHeld || state.watermark !== this.newest?.state.watermark) this.movedAt = now;
    this.newest = { state, at: now };
    this.knownEpoch ??= state.cursorKey.epoch;
    if (this.samples.length > 0 && now - this.samples.at(-1)!.at < SAMPLE_EVERY_MS) return;
    this.samples.push({ watermark: state.watermark, at: now });
    while (this.samples.length > 1 && this.samples[1]!.at <= now - SAMPLES_KEPT_MS) this.samples.shift();
  }

  /**
   * Whether the newest state has another epoch than at the last call, or than the first state recorded. The first one
   * counts because clients may have received cursors of it before the first cycle of the reconciler.
   */
  consumeEpochChange(): boolean {
    const known = this.knownEpoch;
    this.knownEpoch = this.newest?.state.cursorKey.epoch;
    return known !== this.knownEpoch;
  }

  /**
   * For how many milliseconds a transaction has kept the watermark from advancing. Undefined while no user is
   * connected, because the watermark is not read then.
   */
  stalledForMs(now = Date.now()): number | undefined {
    if (!this.newest || now - this.newest.at > 2 * RECENT_MS) return undefined;
    return this.newest.at - this.movedAt;
  }

  /** @throws ServiceUnavailable when the database is unavailable */
  async recentState(): Promise<LogState> {
    if (!this.newest || Date.now() - this.newest.at > RECENT_MS) return this.currentState();
    return this.newest.state;
  }

  /** The state of this moment. @throws ServiceUnavailable when the database is unavailable */
  async currentState(): Promise<LogState> {
    const state = await this.repository.readState();
    this.record(state);
    return state;
  }

  /** A watermark older than any frame that an open connection can have lost from its queue. */
  async olderWatermark(): Promise<string> {
    if (this.samples.length === 0) await this.recentState();
    return this.samples[0]!.watermark;
  }
}
