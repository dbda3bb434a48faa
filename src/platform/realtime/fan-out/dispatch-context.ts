import type { Logger } from '@nestjs/common';
import type { EventCatalogue } from '../../event-log/event-catalogue.js';
import type { StreamEvent } from '../../event-log/stream-event.js';
import type { RepeatedWarning } from '../../logging/repeated-warning.js';
import type { EventReader } from './event-reader.js';
import type { LocalSubscribers, LocalSubscriber } from './local-subscribers.js';

/** What all dispatchers of a node share. */
export interface DispatchContext {
  readonly subscribers: LocalSubscribers;
  readonly catalogue: EventCatalogue;
  readonly reader: Pick<EventReader, 'readAfter'>;
  readonly logger: Logger;
  /** Warns of streams that could not be read from the log. */
  readonly readFailures: RepeatedWarning;
  /** An event of a user's own stream grants them another stream, from a position on. */
  onStreamAccess(user: LocalSubscriber, streamId: string, fromSeq: number): void;
  /** An event has been sent to `frames` connections. */
  onDispatched(event: StreamEvent, frames: number): void;
  /** The stream has no subscriber on this node any more, or has ended. */
  onDispatcherEnded(dispatcher: { readonly streamId: string }): void;
}
