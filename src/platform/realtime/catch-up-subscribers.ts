import type { EventCatalogue } from '../event-log/event-catalogue.js';
import { READ_PAGE } from './event-reader.js';
import type { LocalSubscriber } from './local-subscribers.js';
import type { RenderedEvent } from './wire-event.js';

/** Somebody being brought up to date: from which position, and whether he belongs to the stream there. */
export interface CatchUpSubscriber {
  from: number;
  isInside: boolean;
}

/** Where to read what has passed, and how to hand it to one user. */
export interface ReplayContext {
  readonly catalogue: EventCatalogue;
  read(after: number): Promise<RenderedEvent[]>;
  send(user: LocalSubscriber, event: RenderedEvent): void;
}

/**
 * Users who belong to a stream from a position its pump has passed. They are taken through the log from there, and it
 * tells for each whether he still belongs to the stream at the end.
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
    this.positions.set(user, { from, isInside: true });
  }

  remove(user: LocalSubscriber): void {
    this.positions.delete(user);
  }

  users(): IterableIterator<LocalSubscriber> {
    return this.positions.keys();
  }

  /**
   * Takes all who wait now through the events up to `last`, with one read for all of them, and answers who has arrived.
   * Whoever joins them meanwhile waits for the next round. After a failure each goes on from where he was.
   */
  async replay(last: number, context: ReplayContext): Promise<[LocalSubscriber, CatchUpSubscriber][]> {
    const batch = [...this.positions];
    const isHere = ([user, subscriber]: [LocalSubscriber, CatchUpSubscriber]): boolean =>
      this.positions.get(user) === subscriber;
    let from = Math.min(...batch.map(([, subscriber]) => subscriber.from));
    for (;;) {
      const events = await context.read(from - 1);
      const passed = events.filter(({ event }) => event.seq <= last);
      for (const entry of batch) if (isHere(entry)) replayTo(entry, passed, context);
      if (passed.length < READ_PAGE) break;
      from = passed.at(-1)!.event.seq + 1;
    }
    const arrived = batch.filter(isHere);
    for (const [user] of arrived) this.positions.delete(user);
    return arrived;
  }
}

/** Hands one user his part of these events, by the same rule as the pump's: his own membership decides. */
export function replayTo(
  [user, subscriber]: [LocalSubscriber, CatchUpSubscriber],
  events: readonly RenderedEvent[],
  { catalogue, send }: Pick<ReplayContext, 'catalogue' | 'send'>,
): void {
  for (const rendered of events) {
    const { seq, type, subjectId } = rendered.event;
    if (seq < subscriber.from) continue;
    const membership = subjectId === user.userId ? catalogue.find(type)?.membership : undefined;
    if (membership === 'enters') subscriber.isInside = true;
    if (subscriber.isInside) send(user, rendered);
    if (membership === 'leaves') subscriber.isInside = false;
    subscriber.from = seq + 1;
  }
}
