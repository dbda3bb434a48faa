import type { RealtimeSettings } from './realtime-settings.js';

/** Counts the invalid and rate-limited frames of a connection in a window that begins with the first of them. */
export class ProtocolAbuseCounter {
  private since = performance.now();
  private invalidFrames = 0;
  private refusedFrames = 0;

  constructor(
    private readonly settings: Pick<RealtimeSettings, 'maxInvalidFrames' | 'maxRateLimited' | 'abuseWindowMs'>,
  ) {}

  /** @returns whether the limit is exceeded. */
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
