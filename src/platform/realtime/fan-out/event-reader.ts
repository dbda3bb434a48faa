import { Injectable } from '@nestjs/common';
import { EventCatalogue } from '../../event-log/event-catalogue.js';
import type { StreamEvent } from '../../event-log/stream-event.js';
import { FanOutRepository } from './fan-out.repository.js';
import type { RenderedEvent } from './wire-event.js';

/** Events of one stream in one read. A caller that receives as many reads again. */
export const READ_PAGE = 200;
const STREAMS_PER_READ = 100;

interface ReadRequest {
  readonly streamId: string;
  readonly after: number;
  readonly resolve: (events: RenderedEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads ranges of streams from the log and joins their content. Reads requested in one turn of the event loop share a
 * statement: on a node that only receives hints, these are nearly all of them.
 */
@Injectable()
export class EventReader {
  private requests: ReadRequest[] = [];
  private scheduled = false;

  constructor(
    private readonly repository: FanOutRepository,
    private readonly catalogue: EventCatalogue,
  ) {}

  /** The next events of a stream, at most `READ_PAGE`. A stream whose events cannot be rendered fails alone. */
  readAfter(streamId: string, after: number): Promise<RenderedEvent[]> {
    const result = new Promise<RenderedEvent[]>((resolve, reject) => {
      this.requests.push({ streamId, after, resolve, reject });
    });
    if (!this.scheduled) {
      this.scheduled = true;
      setImmediate(() => this.readRequested());
    }
    return result;
  }

  /** Joins content to events, in the order given. Types that this version does not know get none. */
  async render(events: StreamEvent[]): Promise<RenderedEvent[]> {
    const declared = events.filter(({ type }) => this.catalogue.find(type));
    const contents = await this.catalogue.render(declared);
    let index = 0;
    return events.map((event) => ({ event, content: event === declared[index] ? contents[index++] : undefined }));
  }

  /**
   * A stream occurs at most once in a statement: the rows of two of its spans could not be distinguished, and a
   * dispatcher that received those of a later span would skip its own.
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
      const byStream = await this.repository.readEvents(undefined, spans, READ_PAGE);
      const runs = requests.map(({ streamId }) => byStream.get(streamId) ?? []);
      const rendered = await this.render(runs.flat()).catch(() => undefined);
      let index = 0;
      requests.forEach((request, i) => {
        const run = runs[i]!;
        if (rendered) request.resolve(rendered.slice(index, (index += run.length)));
        else this.render(run).then(request.resolve, request.reject);
      });
    } catch (error) {
      for (const request of requests) request.reject(error);
    }
  }
}
