import type { Logger } from '@nestjs/common';
import type { EventContent, StreamEvent } from '../../event-log/stream-event.js';
import { EncodedFrame, type FrameClass } from '../protocol/encoded-frame.js';
import type { LiveConnection, Position } from '../connection/live-connection.js';
import type { Signal } from './broadcaster.js';
import type { LocalSubscriber } from './local-subscribers.js';
import { encodeEvent, isSeen, overrideFor, type StreamKind, unseenPart, wireEvent, withoutPart } from './wire-event.js';

/** An event to be delivered: `prev` is the visible position before it, `cycle` the current cycle of the reconciler. */
export interface OutgoingEvent {
  readonly kind: StreamKind;
  readonly event: StreamEvent;
  readonly content: EventContent;
  readonly prev: number;
  readonly cycle: number;
}

/**
 * Delivers an event to every connection of these users, in this turn of the event loop. It is encoded once for all, and
 * once more for the one user who receives different data, and for those who do not see a message that it shows; nothing
 * is allocated for each receiver.
 * Returns the number of connections.
 */
export function dispatchToUsers(users: Iterable<LocalSubscriber>, outgoing: OutgoingEvent, logger: Logger): number {
  const { event, content, cycle } = outgoing;
  const hasOverrides = content.override !== undefined || content.overrides !== undefined;
  const { streamId } = event;
  const { shows } = content;
  const frame = frameOf(outgoing);
  const restrictedFrames = shows && new Map<object, EncodedFrame>();
  const routing = { position: { streamId, seq: event.seq } };
  let frames = 0;
  for (const user of users) {
    let userFrame = frame;
    const override = hasOverrides ? overrideFor(content, user.userId) : undefined;
    if (override) userFrame = frameOf(outgoing, override);
    if (restrictedFrames) userFrame = restrictedFrame(outgoing, user, restrictedFrames) ?? userFrame;
    user.dispatchedInCycle = cycle;
    for (const connection of user.connections) {
      if (connection.unsubscribedStreams?.has(streamId)) continue;
      deliver(connection, userFrame, routing, logger);
      frames++;
    }
  }
  return frames;
}

/** A frame that is not part of the log: `routing` names the user who does not receive it, and the message that it shows. */
export interface OutgoingSignal {
  readonly frame: EncodedFrame;
  readonly frameClass: FrameClass;
  readonly routing: Pick<Signal, 'key' | 'exceptUserId' | 'shows'>;
}

/** Delivers a signal about a stream to every connection of these users that receives the stream. */
export function signalToUsers(
  users: Iterable<LocalSubscriber>,
  streamId: string,
  { frame, frameClass, routing }: OutgoingSignal,
): void {
  const { exceptUserId, shows } = routing;
  for (const user of users) {
    if (user.userId === exceptUserId) continue;
    if (shows && !isSeen(shows, user.userId, user.hiddenUpTo(streamId))) continue;
    for (const connection of user.connections) {
      if (!connection.unsubscribedStreams?.has(streamId)) connection.deliver(frame, frameClass, routing);
    }
  }
}

/** The frame of the event or, with `override`, the frame for that one user. */
function frameOf(
  { kind, event, content: { data }, prev }: OutgoingEvent,
  override?: EventContent['override'],
): EncodedFrame {
  const wire = wireEvent(kind, event, { data, prev, override });
  return new EncodedFrame(wire.type, encodeEvent(wire), wire);
}

/**
 * The frame for users who do not see a message that the event shows, if this user is one of them; `frames` has those that
 * were made before, by the part of the content that they leave out.
 */
function restrictedFrame(
  outgoing: OutgoingEvent,
  user: LocalSubscriber,
  frames: Map<object, EncodedFrame>,
): EncodedFrame | undefined {
  const unseen = unseenPart(outgoing.content.shows!, user.userId, user.hiddenUpTo(outgoing.event.streamId));
  if (!unseen) return undefined;
  let frame = frames.get(unseen);
  if (!frame) frames.set(unseen, (frame = frameOf({ ...outgoing, ...withoutPart(outgoing, unseen) })));
  return frame;
}

/** A connection that fails must not prevent delivery to the next. */
function deliver(
  connection: LiveConnection,
  frame: EncodedFrame,
  routing: { position: Position },
  logger: Logger,
): void {
  try {
    connection.deliver(frame, 'durable', routing);
  } catch (error) {
    logger.error({ err: error, connection_id: connection.id }, 'a frame could not be delivered to a connection');
  }
}
