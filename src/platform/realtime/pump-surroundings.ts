import type { Logger } from '@nestjs/common';
import type { EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import type { RepeatedWarning } from '../logging/repeated-warning.js';
import type { GapReader } from './gap-reader.js';
import type { LocalAudience, LocalUser } from './local-audience.js';
import type { StreamPump } from './stream-pump.js';

/** What all pumps of a node share. */
export interface PumpSurroundings {
  readonly audience: LocalAudience;
  readonly catalogue: EventCatalogue;
  readonly reader: Pick<GapReader, 'read'>;
  readonly logger: Logger;
  /** Streams that could not be read from the log. */
  readonly unread: RepeatedWarning;
  /** A user's own stream said that he receives another stream from a position on. */
  opensStream(user: LocalUser, streamId: string, sinceSeq: number): void;
  /** An event has been handed to so many connections. */
  handedOver(event: StreamEvent, frames: number): void;
  /** Nobody here receives this stream any more. */
  ended(pump: StreamPump): void;
}
