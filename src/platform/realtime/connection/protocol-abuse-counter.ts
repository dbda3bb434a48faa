import type { RealtimeSettings } from './realtime-settings.js';

/** Counts the invalid and rate-limited frames of a connection in a window that begins with the first of them. */
export class ProtocolAbuseCounter {
  private since = performance.now();
  private invalidFrames = 0;
  private rateLimitedFrames = 0;

  constructor(
    private readonly settings: Pick<RealtimeSettings, 'maxInvalidFrames' | 'maxRateLimited' | 'abuseWindowMs'>,
  ) {}

  /** @returns whether the limit is exceeded. */
  countInvalidFrame(): boolean {
    this.restartExpiredWindow();
    return ++this.invalidFrames > this.settings.maxInvalidFrames;
  }

  countRateLimitedFrame(): boolean {
    this.restartExpiredWindow();
    return ++this.rateLimitedFrames > this.settings.maxRateLimited;
  }

  private restartExpiredWindow(): void {
    const now = performance.now();
    if (now - this.since < this.settings.abuseWindowMs) return;
    this.since = now;
    this.invalidFrames = this.rateLimitedFrames = 0;
  }
}
