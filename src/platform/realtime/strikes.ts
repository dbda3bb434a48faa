import type { RealtimeSettings } from './realtime-settings.js';

/** What a connection has done wrong since the window began that its first wrong opened. */
export class Strikes {
  private since = performance.now();
  private invalidFrames = 0;
  private refusedFrames = 0;

  constructor(private readonly settings: Pick<RealtimeSettings, 'strikes' | 'refusals' | 'strikeWindowMs'>) {}

  /** @returns whether this was one too many. */
  invalid(): boolean {
    this.renew();
    return ++this.invalidFrames > this.settings.strikes;
  }

  refused(): boolean {
    this.renew();
    return ++this.refusedFrames > this.settings.refusals;
  }

  private renew(): void {
    const now = performance.now();
    if (now - this.since < this.settings.strikeWindowMs) return;
    this.since = now;
    this.invalidFrames = this.refusedFrames = 0;
  }
}
