import type { Logger } from '@nestjs/common';
import type { EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import type { RepeatedWarning } from '../logging/repeated-warning.js';
import type { EventReader } from './event-reader.js';
import type { LocalSubscribers, LocalSubscriber } from './local-subscribers.js';
import type { StreamDispatcher } from './stream-dispatcher.js';

/** What all pumps of a node share. */
export interface DispatchContext {
  readonly subscribers: LocalSubscribers;
  readonly catalogue: EventCatalogue;
  readonly reader: Pick<EventReader, 'readAfter'>;
  readonly logger: Logger;
  /** Streams that could not be read from the log. */
  readonly unreadStreams: RepeatedWarning;
  /** A user's own stream said that he receives another stream from a position on. */
  onStreamAccess(user: LocalSubscriber, streamId: string, sinceSeq: number): void;
  /** An event has been handed to so many connections. */
  onDispatched(event: StreamEvent, frames: number): void;
  /** Nobody here receives this stream any more. */
  onDispatcherEnded(dispatcherFor: StreamDispatcher): void;
}
