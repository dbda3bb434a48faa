import type { Logger } from '@nestjs/common';
import type { PresentedEvent, StreamEvent } from '../event-log/stream-event.js';
import { EncodedFrame } from './encoded-frame.js';
import type { LiveConnection, Position } from './live-connection.js';
import type { LocalUser } from './local-audience.js';
import { wireText, type StreamKind } from './wire-event.js';

/** One event on its way out: `prev` is the position shown before it, `round` the sweep it falls into. */
export interface Departure {
  readonly kind: StreamKind;
  readonly event: StreamEvent;
  readonly presented: PresentedEvent;
  readonly prev: number;
  readonly round: number;
}

/**
 * Puts an event into the queue of every connection of these users, in this very turn of the event loop. It is encoded
 * once for all, and once more for the one user who is shown something else; nothing is made for each receiver.
 * Answers how many connections that were.
 */
export function handOver(users: Iterable<LocalUser>, departure: Departure, logger: Logger): number {
  const { kind, event, presented, prev, round } = departure;
  const { data, only } = presented;
  const { type, streamId } = event;
  const frame = new EncodedFrame(type, wireText(kind, event, { data, prev }));
  const place = { position: { streamId, seq: event.seq } };
  let frames = 0;
  for (const user of users) {
    let mine = frame;
    if (only && only.userId === user.userId) {
      mine = new EncodedFrame(type, wireText(kind, event, { data, prev, only }));
    }
    user.touchedInRound = round;
    for (const connection of user.connections) {
      if (connection.unwanted?.has(streamId)) continue;
      deliver(connection, mine, place, logger);
      frames++;
    }
  }
  return frames;
}

/** One connection that fails must not keep the frame from the next. */
function deliver(connection: LiveConnection, frame: EncodedFrame, place: { position: Position }, logger: Logger): void {
  try {
    connection.deliver(frame, 'durable', place);
  } catch (error) {
    logger.error({ err: error, connection_id: connection.id }, 'a connection did not take a frame');
  }
}
