import { Injectable } from '@nestjs/common';
import { FanOutRepository, type LogState } from './fan-out.repository.js';

/** A state of the log this old still serves: an older watermark only repeats more. */
const RECENT_MS = 5000;
/** Longer than a slow reader is kept; see `before`. */
const REMEMBERED_MS = 60_000;
const NOTED_EVERY_MS = 5000;

/** Where the log was a moment ago, and a minute ago, as the sweep and the resumes have seen it. */
@Injectable()
export class WatermarkTracker {
  private newest: { state: LogState; at: number } | undefined;
  private movedAt = Date.now();
  private samples: { watermark: string; at: number }[] = [];

  constructor(private readonly repository: FanOutRepository) {}

  record(state: LogState, now = Date.now()): void {
    if (!state.isHeld || state.watermark !== this.newest?.state.watermark) this.movedAt = now;
    this.newest = { state, at: now };
    if (this.samples.length > 0 && now - this.samples.at(-1)!.at < NOTED_EVERY_MS) return;
    this.samples.push({ watermark: state.watermark, at: now });
    while (this.samples.length > 1 && this.samples[1]!.at <= now - REMEMBERED_MS) this.samples.shift();
  }

  /**
   * For how many milliseconds a transaction has kept the watermark where it is; undefined while nobody is connected,
   * since nobody looks then.
   */
  stalledForMs(now = Date.now()): number | undefined {
    if (!this.newest || now - this.newest.at > 2 * RECENT_MS) return undefined;
    return this.newest.at - this.movedAt;
  }

  /** @throws ServiceUnavailable when the database is away. */
  async recentState(): Promise<LogState> {
    if (!this.newest || Date.now() - this.newest.at > RECENT_MS) this.record(await this.repository.stateNow());
    return this.newest!.state;
  }

  /** A watermark from before anything a living connection can have lost in its queue. */
  async olderWatermark(): Promise<string> {
    if (this.samples.length === 0) await this.recentState();
    return this.samples[0]!.watermark;
  }
}
