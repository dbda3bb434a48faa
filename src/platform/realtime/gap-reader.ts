import { Injectable } from '@nestjs/common';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import { FanOutRepository } from './fan-out.repository.js';
import type { ShownEvent } from './wire-event.js';

/** So many events of one stream are read at once; a reader who gets as many asks again. */
export const GAP_PAGE = 200;
const STREAMS_PER_READ = 100;

interface Wish {
  readonly streamId: string;
  readonly after: number;
  readonly resolve: (events: ShownEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads pieces of streams from the log, ready to be shown. What many streams ask for in one turn of the event loop is
 * one statement: on a node that only hears hints, that is nearly everything.
 */
@Injectable()
export class GapReader {
  private wishes: Wish[] = [];
  private scheduled = false;

  constructor(
    private readonly repository: FanOutRepository,
    private readonly catalogue: EventCatalogue,
  ) {}

  /** The next events of a stream, at most `GAP_PAGE`. A stream whose events cannot be shown fails alone. */
  read(streamId: string, after: number): Promise<ShownEvent[]> {
    const answer = new Promise<ShownEvent[]>((resolve, reject) => {
      this.wishes.push({ streamId, after, resolve, reject });
    });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.flush());
    }
    return answer;
  }

  /** Joins content to events, in the order given. Types this version does not know are left without any. */
  async show(events: StreamEvent[]): Promise<ShownEvent[]> {
    const known = events.filter(({ type }) => this.catalogue.find(type));
    const presented = await this.catalogue.present(known);
    let index = 0;
    return events.map((event) => ({ event, presented: event === known[index] ? presented[index++] : undefined }));
  }

  /**
   * A stream is asked for at most once in a statement: the rows of two spans of it could not be told apart, and a pump
   * that was given those of a later span would pass over its own.
   */
  private flush(): void {
    this.scheduled = false;
    const wishes = this.wishes;
    this.wishes = [];
    let batch = new Map<string, Wish>();
    for (const wish of wishes) {
      if (batch.has(wish.streamId) || batch.size === STREAMS_PER_READ) {
        void this.fulfil([...batch.values()]);
        batch = new Map();
      }
      batch.set(wish.streamId, wish);
    }
    void this.fulfil([...batch.values()]);
  }

  private async fulfil(wishes: Wish[]): Promise<void> {
    try {
      const spans = wishes.map(({ streamId, after }) => ({ streamId, floor: after, ceiling: Number.MAX_SAFE_INTEGER }));
      const byStream = await this.repository.events(undefined, spans, GAP_PAGE);
      const runs = wishes.map(({ streamId }) => byStream.get(streamId) ?? []);
      const shown = await this.show(runs.flat()).catch(() => undefined);
      let index = 0;
      wishes.forEach((wish, i) => {
        const run = runs[i]!;
        if (shown) wish.resolve(shown.slice(index, (index += run.length)));
        else this.show(run).then(wish.resolve, wish.reject);
      });
    } catch (error) {
      for (const wish of wishes) wish.reject(error);
    }
  }
}
