import type { RenderedEvent } from './wire-event.js';

/** Recent events that new subscribers are caught up from without reading the log. */
const MAX_RECENT = 128;

/** The last events of a busy stream, contiguous. A quiet stream stores none. */
export class RecentEvents {
  private events: RenderedEvent[] = [];
  private cycle = 0;

  add(event: RenderedEvent, cycle: number): void {
    if (this.events.length >= 2 * MAX_RECENT) this.events = this.events.slice(-MAX_RECENT);
    this.events.push(event);
    this.cycle = cycle;
  }

  /** The events from this position on; undefined if some of them are no longer stored. */
  from(seq: number): RenderedEvent[] | undefined {
    if (this.events.length === 0 || this.events[0]!.event.seq > seq) return undefined;
    return this.events.filter(({ event }) => event.seq >= seq);
  }

  /** Whether there was no event for a whole cycle of the reconciler. */
  isStale(cycle: number): boolean {
    return this.cycle < cycle - 1;
  }
}
