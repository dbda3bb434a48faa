import type { Logger } from '@nestjs/common';
import type { PresentedEvent, StreamEvent } from '../event-log/stream-event.js';
import { EncodedFrame } from './encoded-frame.js';
import type { LiveConnection, Position } from './live-connection.js';
import type { LocalSubscriber } from './local-subscribers.js';
import { encodeEvent, type StreamKind } from './wire-event.js';

/** One event on its way out: `prev` is the position shown before it, `round` the sweep it falls into. */
export interface OutgoingEvent {
  readonly kind: StreamKind;
  readonly event: StreamEvent;
  readonly presented: PresentedEvent;
  readonly prev: number;
  readonly cycle: number;
}

/**
 * Puts an event into the queue of every connection of these users, in this very turn of the event loop. It is encoded
 * once for all, and once more for the one user who is shown something else; nothing is made for each receiver.
 * Answers how many connections that were.
 */
export function dispatchToUsers(users: Iterable<LocalSubscriber>, outgoing: OutgoingEvent, logger: Logger): number {
  const { kind, event, presented, prev, cycle } = outgoing;
  const { data, only } = presented;
  const { type, streamId } = event;
  const frame = new EncodedFrame(type, encodeEvent(kind, event, { data, prev }));
  const routing = { position: { streamId, seq: event.seq } };
  let frames = 0;
  for (const user of users) {
    let ownFrame = frame;
    if (only && only.userId === user.userId) {
      ownFrame = new EncodedFrame(type, encodeEvent(kind, event, { data, prev, only }));
    }
    user.dispatchedInCycle = cycle;
    for (const connection of user.connections) {
      if (connection.mutedStreams?.has(streamId)) continue;
      deliver(connection, ownFrame, routing, logger);
      frames++;
    }
  }
  return frames;
}

/** One connection that fails must not keep the frame from the next. */
function deliver(
  connection: LiveConnection,
  frame: EncodedFrame,
  routing: { position: Position },
  logger: Logger,
): void {
  try {
    connection.deliver(frame, 'durable', routing);
  } catch (error) {
    logger.error({ err: error, connection_id: connection.id }, 'a connection did not take a frame');
  }
}
