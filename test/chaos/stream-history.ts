import type { Sighting } from './checker.js';
import type { Frame } from './client-link.js';

/** One client's events of one stream, by the client rule, and how they arrived. */
export class StreamHistory {
  /** In the order in which they were applied. */
  readonly applied: Frame[] = [];
  /** In the order of their first arrival, whether the rule applied them or not. */
  readonly sightings: Sighting[] = [];
  /** When each position came, by `performance.now()`. */
  readonly arrivedAt = new Map<number, number>();
  /** Breaks of the chain of `prev` without a `resync`, which must never occur. */
  gaps = 0;
  repeats = 0;
  /** Must be fetched again, and is not yet. */
  isStale = false;
  readonly first: number;
  private readonly skipped: (readonly [from: number, to: number])[] = [];
  private held: Frame[] = [];

  constructor(public last: number) {
    this.first = last + 1;
  }

  /** By the client rule. A frame that shows a gap is held until `fill` has been called for it. */
  take(frame: Frame): 'applied' | 'repeat' | 'gap' {
    const seq = frame.seq!;
    if (!this.arrivedAt.has(seq)) {
      this.arrivedAt.set(seq, performance.now());
      this.sightings.push({ id: frame.id!, seq, at: frame.at! });
    }
    if (seq <= this.last) {
      this.repeats++;
      return 'repeat';
    }
    if (frame.prev! > this.last) {
      this.held.push(frame);
      if (!this.isStale) this.gaps++;
      return 'gap';
    }
    this.applied.push(frame);
    this.last = seq;
    return 'applied';
  }

  /** Fetches what is missing before `frame`, and applies it and the held frames. */
  async fill(frame: Frame, fetch: (after: number) => Promise<Frame[]>): Promise<void> {
    while (this.last < frame.prev!) {
      const events = await fetch(this.last);
      if (events.length === 0) break;
      for (const event of events) this.keep(event);
    }
    this.release();
  }

  /** The client has fetched everything up to `seq` as state: earlier events are known without being received. */
  skipTo(seq: number): void {
    if (seq > this.last) {
      this.skipped.push([this.last + 1, seq]);
      this.last = seq;
    }
    this.isStale = false;
    this.release();
  }

  /** Positions from the first up to `head` that are neither applied nor named by a resync. */
  countHoles(head: number): number {
    const known = new Set(this.applied.map(({ seq }) => seq));
    let holes = 0;
    for (let seq = this.first; seq <= head; seq++) {
      if (!known.has(seq) && !this.skipped.some(([from, to]) => from <= seq && seq <= to)) holes++;
    }
    return holes;
  }

  private release(): void {
    const held = this.held.sort((a, b) => a.seq! - b.seq!);
    this.held = [];
    for (const frame of held) this.keep(frame);
  }

  private keep(frame: Frame): void {
    if (frame.seq! <= this.last) return;
    this.applied.push(frame);
    this.last = frame.seq!;
  }
}
