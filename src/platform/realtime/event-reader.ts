import { Injectable } from '@nestjs/common';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import { FanOutRepository } from './fan-out.repository.js';
import type { RenderedEvent } from './wire-event.js';

/** So many events of one stream are read at once; a reader who gets as many asks again. */
export const READ_PAGE = 200;
const STREAMS_PER_READ = 100;

interface ReadRequest {
  readonly streamId: string;
  readonly after: number;
  readonly resolve: (events: RenderedEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads pieces of streams from the log, ready to be shown. What many streams ask for in one turn of the event loop is
 * one statement: on a node that only hears hints, that is nearly everything.
 */
@Injectable()
export class EventReader {
  private requests: ReadRequest[] = [];
  private scheduled = false;

  constructor(
    private readonly repository: FanOutRepository,
    private readonly catalogue: EventCatalogue,
  ) {}

  /** The next events of a stream, at most `GAP_PAGE`. A stream whose events cannot be shown fails alone. */
  readAfter(streamId: string, after: number): Promise<RenderedEvent[]> {
    const answer = new Promise<RenderedEvent[]>((resolve, reject) => {
      this.requests.push({ streamId, after, resolve, reject });
    });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.readRequested());
    }
    return answer;
  }

  /** Joins content to events, in the order given. Types this version does not know are left without any. */
  async render(events: StreamEvent[]): Promise<RenderedEvent[]> {
    const declared = events.filter(({ type }) => this.catalogue.find(type));
    const presented = await this.catalogue.present(declared);
    let index = 0;
    return events.map((event) => ({ event, presented: event === declared[index] ? presented[index++] : undefined }));
  }

  /**
   * A stream is asked for at most once in a statement: the rows of two spans of it could not be told apart, and a pump
   * that was given those of a later span would pass over its own.
   */
  private readRequested(): void {
    this.scheduled = false;
    const requests = this.requests;
    this.requests = [];
    let batch = new Map<string, ReadRequest>();
    for (const request of requests) {
      if (batch.has(request.streamId) || batch.size === STREAMS_PER_READ) {
        void this.readBatch([...batch.values()]);
        batch = new Map();
      }
      batch.set(request.streamId, request);
    }
    void this.readBatch([...batch.values()]);
  }

  private async readBatch(requests: ReadRequest[]): Promise<void> {
    try {
      const spans = requests.map(({ streamId, after }) => ({
        streamId,
        floor: after,
        ceiling: Number.MAX_SAFE_INTEGER,
      }));
      const byStream = await this.repository.events(undefined, spans, READ_PAGE);
      const runs = requests.map(({ streamId }) => byStream.get(streamId) ?? []);
      const shown = await this.render(runs.flat()).catch(() => undefined);
      let index = 0;
      requests.forEach((request, i) => {
        const run = runs[i]!;
        if (shown) request.resolve(shown.slice(index, (index += run.length)));
        else this.render(run).then(request.resolve, request.reject);
      });
    } catch (error) {
      for (const request of requests) request.reject(error);
    }
  }
}
