import type { RenderedEvent } from './wire-event.js';

/** Newcomers are brought up to date from so many recent events before the log is asked. */
const MAX_RECENT = 128;

/** The last events of a busy stream, without a gap between them. A quiet stream keeps none. */
export class RecentEvents {
  private events: RenderedEvent[] = [];
  private cycle = 0;

  add(event: RenderedEvent, cycle: number): void {
    if (this.events.length >= 2 * MAX_RECENT) this.events = this.events.slice(-MAX_RECENT);
    this.events.push(event);
    this.cycle = cycle;
  }

  /** The events from this position on; undefined when some of them are not kept. */
  from(seq: number): RenderedEvent[] | undefined {
    if (this.events.length === 0 || this.events[0]!.event.seq > seq) return undefined;
    return this.events.filter(({ event }) => event.seq >= seq);
  }

  /** Whether nothing has happened for a whole round of the sweep. */
  isStale(cycle: number): boolean {
    return this.cycle < cycle - 1;
  }
}
