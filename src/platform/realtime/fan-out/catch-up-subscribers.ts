import type { EventCatalogue } from '../../event-log/event-catalogue.js';
import { READ_PAGE } from './event-reader.js';
import type { LocalSubscriber } from './local-subscribers.js';
import type { RenderedEvent } from './wire-event.js';

/** The next position to replay to a user, and whether they belong to the stream there. */
export interface CatchUpSubscriber {
  from: number;
  isMember: boolean;
}

/** How missed events are read, and how they are sent to one user. */
export interface ReplayContext {
  readonly catalogue: EventCatalogue;
  read(after: number): Promise<RenderedEvent[]>;
  send(user: LocalSubscriber, event: RenderedEvent): void;
}

/**
 * Users who subscribe at a position that the dispatcher has passed. The log is replayed to each of them from there;
 * the result states whether they still belong to the stream at the end.
 */
export class CatchUpSubscribers {
  private readonly positions = new Map<LocalSubscriber, CatchUpSubscriber>();

  get size(): number {
    return this.positions.size;
  }

  has(user: LocalSubscriber): boolean {
    return this.positions.has(user);
  }

  add(user: LocalSubscriber, from: number): void {
    this.positions.set(user, { from, isMember: true });
  }

  remove(user: LocalSubscriber): void {
    this.positions.delete(user);
  }

  users(): IterableIterator<LocalSubscriber> {
    return this.positions.keys();
  }

  /**
   * Replays the events up to `last` to all users who are waiting, with shared reads, and returns those who are up to
   * date. Users added meanwhile wait for the next call. After a failure each user continues at their own position.
   */
  async replay(last: number, context: ReplayContext): Promise<[LocalSubscriber, CatchUpSubscriber][]> {
    const batch = [...this.positions];
    const isWaiting = ([user, subscriber]: [LocalSubscriber, CatchUpSubscriber]): boolean =>
      this.positions.get(user) === subscriber;
    let from = Math.min(...batch.map(([, subscriber]) => subscriber.from));
    for (;;) {
      const events = await context.read(from - 1);
      const missed = events.filter(({ event }) => event.seq <= last);
      for (const entry of batch) if (isWaiting(entry)) replayTo(entry, missed, context);
      if (missed.length < READ_PAGE) break;
      from = missed.at(-1)!.event.seq + 1;
    }
    const caughtUp = batch.filter(isWaiting);
    for (const [user] of caughtUp) this.positions.delete(user);
    return caughtUp;
  }
}

/** Sends a user their part of these events, by the dispatcher's rule: their own membership events decide. */
export function replayTo(
  [user, subscriber]: [LocalSubscriber, CatchUpSubscriber],
  events: readonly RenderedEvent[],
  { catalogue, send }: Pick<ReplayContext, 'catalogue' | 'send'>,
): void {
  for (const rendered of events) {
    const { seq, type, subjectId } = rendered.event;
    if (seq < subscriber.from) continue;
    const membership = subjectId === user.userId ? catalogue.find(type)?.membership : undefined;
    if (membership === 'join') subscriber.isMember = true;
    if (subscriber.isMember) send(user, rendered);
    if (membership === 'leave') subscriber.isMember = false;
    subscriber.from = seq + 1;
  }
}

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
