import type { EventCatalogue } from '../event-log/event-catalogue.js';
import { GAP_PAGE } from './gap-reader.js';
import type { LocalUser } from './local-audience.js';
import type { ShownEvent } from './wire-event.js';

/** Somebody being brought up to date: from which position, and whether he belongs to the stream there. */
export interface Latecomer {
  from: number;
  isInside: boolean;
}

/** Where to read what has passed, and how to hand it to one user. */
export interface Retracing {
  readonly catalogue: EventCatalogue;
  read(after: number): Promise<ShownEvent[]>;
  send(user: LocalUser, event: ShownEvent): void;
}

/**
 * Users who belong to a stream from a position its pump has passed. They are taken through the log from there, and it
 * tells for each whether he still belongs to the stream at the end.
 */
export class Latecomers {
  private readonly places = new Map<LocalUser, Latecomer>();

  get size(): number {
    return this.places.size;
  }

  has(user: LocalUser): boolean {
    return this.places.has(user);
  }

  add(user: LocalUser, from: number): void {
    this.places.set(user, { from, isInside: true });
  }

  remove(user: LocalUser): void {
    this.places.delete(user);
  }

  users(): IterableIterator<LocalUser> {
    return this.places.keys();
  }

  /**
   * Takes all who wait now through the events up to `last`, with one read for all of them, and answers who has arrived.
   * Whoever joins them meanwhile waits for the next round. After a failure each goes on from where he was.
   */
  async retrace(last: number, along: Retracing): Promise<[LocalUser, Latecomer][]> {
    const group = [...this.places];
    const isHere = ([user, latecomer]: [LocalUser, Latecomer]): boolean => this.places.get(user) === latecomer;
    let from = Math.min(...group.map(([, latecomer]) => latecomer.from));
    for (;;) {
      const events = await along.read(from - 1);
      const passed = events.filter(({ event }) => event.seq <= last);
      for (const entry of group) if (isHere(entry)) retrace(entry, passed, along);
      if (passed.length < GAP_PAGE) break;
      from = passed.at(-1)!.event.seq + 1;
    }
    const arrived = group.filter(isHere);
    for (const [user] of arrived) this.places.delete(user);
    return arrived;
  }
}

/** Hands one user his part of these events, by the same rule as the pump's: his own membership decides. */
export function retrace(
  [user, latecomer]: [LocalUser, Latecomer],
  events: readonly ShownEvent[],
  { catalogue, send }: Pick<Retracing, 'catalogue' | 'send'>,
): void {
  for (const shown of events) {
    const { seq, type, subjectId } = shown.event;
    if (seq < latecomer.from) continue;
    const membership = subjectId === user.userId ? catalogue.find(type)?.membership : undefined;
    if (membership === 'enters') latecomer.isInside = true;
    if (latecomer.isInside) send(user, shown);
    if (membership === 'leaves') latecomer.isInside = false;
    latecomer.from = seq + 1;
  }
}
