import { Injectable, type Type } from '@nestjs/common';
import { type DecoratedMethods, methodDecorator } from '../discovery/decorated-methods.js';
import type { EventContent, StreamEvent } from './stream-event.js';

/**
 * Renders events from the log: joins their content, for a whole page at once. Index i of the result belongs to index i
 * of the input; it is undefined if the subject of the event no longer exists.
 */
type RenderEvents = (
  events: StreamEvent[],
) => readonly (EventContent | undefined)[] | Promise<readonly (EventContent | undefined)[]>;

/** The effects of a durable event on who receives its stream. */
interface EventEffects {
  /** Whether `subjectId` is a user who starts or stops receiving the stream with this event. */
  readonly membership?: 'join' | 'leave';
  /**
   * For events of a user's own stream: whether `subjectId` is a stream that the user receives from now on, beginning at
   * its position `payload.since_seq`, without messages up to the number `payload.hidden_up_to_number` if there is one.
   */
  readonly grantsStream?: boolean;
  /**
   * Whether those who receive the event no longer see messages of the stream `subjectId` up to the number
   * `payload.hidden_up_to_number`.
   */
  readonly hidesMessages?: boolean;
  /** Whether the stream ends with this event: no user receives any later event of it. */
  readonly endsStream?: boolean;
}

/** What the documents publish about a type of durable event. */
export interface EventDescription {
  readonly summary: string;
  /** The class of `data`, with its schema; a list if events of the type have one of several. */
  readonly data: Type<object> | readonly Type<object>[];
}

/** The definition of a type of durable event. */
export interface EventDefinition extends EventDescription, EventEffects {
  readonly type: string;
  readonly render: RenderEvents;
}

/** The schema of a property with the `data` of a durable event of any type. */
export const EVENT_DATA_REF = { allOf: [{ $ref: '#/components/schemas/EventData' }] };

const DURABLE_EVENT = Symbol('@DurableEvent');

/**
 * Declares a type of durable event, and marks the method of a provider that renders its events: `RenderEvents`. A
 * method of several types has a decorator for each.
 */
export function DurableEvent(type: string, definition: EventDescription & EventEffects) {
  return methodDecorator<RenderEvents>(DURABLE_EVENT, { type, ...definition });
}

/** The definitions of all types of durable events. A type that is declared twice prevents the start. */
@Injectable()
export class EventCatalogue {
  private readonly definitions = new Map<string, EventDefinition>();

  /** Declares the types of the methods marked `@DurableEvent`. @throws Error when a type is declared twice */
  registerDecorated(methods: DecoratedMethods): void {
    const declared = methods.of<Omit<EventDefinition, 'render'>, RenderEvents>(DURABLE_EVENT);
    for (const { options, method: render } of declared) this.declare({ ...options, render });
  }

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

  /** Undefined for a type that this version does not know: a newer version may write to the same log. */
  find(type: string): EventDefinition | undefined {
    return this.definitions.get(type);
  }

  types(): string[] {
    return [...this.definitions.keys()];
  }

  all(): EventDefinition[] {
    return [...this.definitions.values()];
  }

  /** The classes of the `data` of all types. */
  dataClasses(): Type<object>[] {
    return [...new Set(this.all().flatMap(({ data }) => data))];
  }

  /**
   * Joins content to events of any types and streams, in the order given; undefined if the subject no longer exists.
   */
  async render(events: StreamEvent[]): Promise<(EventContent | undefined)[]> {
    const byType = new Map<string, number[]>();
    events.forEach((event, index) => {
      const indexes = byType.get(event.type);
      if (indexes) indexes.push(index);
      else byType.set(event.type, [index]);
    });
    const contents = new Array<EventContent | undefined>(events.length);
    for (const [type, indexes] of byType) {
      const part = await this.get(type).render(indexes.map((index) => events[index]!));
      indexes.forEach((index, i) => {
        contents[index] = part[i];
      });
    }
    return contents;
  }
}
