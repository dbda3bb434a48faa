import type { RealtimeSettings } from './realtime-settings.js';

/** What a connection has done wrong since the window began that its first wrong opened. */
export class ProtocolAbuseCounter {
  private since = performance.now();
  private invalidFrames = 0;
  private refusedFrames = 0;

  constructor(
    private readonly settings: Pick<RealtimeSettings, 'maxInvalidFrames' | 'maxRateLimited' | 'abuseWindowMs'>,
  ) {}

  /** @returns whether this was one too many. */
  countInvalidFrame(): boolean {
    this.restartWindow();
    return ++this.invalidFrames > this.settings.maxInvalidFrames;
  }

  countRateLimited(): boolean {
    this.restartWindow();
    return ++this.refusedFrames > this.settings.maxRateLimited;
  }

  private restartWindow(): void {
    const now = performance.now();
    if (now - this.since < this.settings.abuseWindowMs) return;
    this.since = now;
    this.invalidFrames = this.refusedFrames = 0;
  }
}
