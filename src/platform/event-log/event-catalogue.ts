import { Injectable } from '@nestjs/common';
import type { PresentedEvent, StreamEvent } from './stream-event.js';

/** What the platform must know of one type of durable event. Modules declare theirs at start-up, in their gateways. */
export interface EventDefinition {
  readonly type: string;
  /**
   * Shows events read back from the log, in one go for a whole page: index i of the answer belongs to index i of the
   * input; undefined for an event whose subject is gone altogether.
   */
  readonly present: (events: StreamEvent[]) => Promise<(PresentedEvent | undefined)[]>;
  /** Whether `subjectId` is a user who enters or leaves the circle of those who receive the stream with this event. */
  readonly membership?: 'enters' | 'leaves';
  /**
   * For events of a user's own stream: whether `subjectId` is a stream this user receives from now on, beginning with
   * position `payload.since_seq` of it.
   */
  readonly opensStream?: boolean;
  /** Whether the stream ends with this event: nobody receives anything of it any more. */
  readonly endsStream?: boolean;
}

/** Every type of durable event there is. An unknown or doubly declared type stops the process at start. */
@Injectable()
export class EventCatalogue {
  private readonly definitions = new Map<string, EventDefinition>();

  declare(...definitions: EventDefinition[]): void {
    for (const definition of definitions) {
      if (this.definitions.has(definition.type)) throw new Error(`event ${definition.type} is declared twice`);
      this.definitions.set(definition.type, definition);
    }
  }

  get(type: string): EventDefinition {
    const definition = this.definitions.get(type);
    if (!definition) throw new Error(`event ${type} is not declared`);
    return definition;
  }

  /** Undefined for a type this version does not know: a newer one may be writing to the same log. */
  find(type: string): EventDefinition | undefined {
    return this.definitions.get(type);
  }

  types(): string[] {
    return [...this.definitions.keys()];
  }

  /** Shows events of any types and streams, in the order given; what is gone is left out as undefined. */
  async present(events: StreamEvent[]): Promise<(PresentedEvent | undefined)[]> {
    const byType = new Map<string, number[]>();
    events.forEach((event, index) => {
      const indexes = byType.get(event.type);
      if (indexes) indexes.push(index);
      else byType.set(event.type, [index]);
    });
    const presented = new Array<PresentedEvent | undefined>(events.length);
    for (const [type, indexes] of byType) {
      const part = await this.get(type).present(indexes.map((index) => events[index]!));
      indexes.forEach((index, i) => {
        presented[index] = part[i];
      });
    }
    return presented;
  }
}
