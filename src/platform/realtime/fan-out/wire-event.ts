import { toJson } from '../../json/json-encoding.js';
import type { EventContent, StreamEvent } from '../../event-log/stream-event.js';

/** The kind of a stream. Events of a user's own stream have no `conversation_id`. */
export type StreamKind = 'conversation' | 'user';

/** A durable event as clients receive it, in frames and in responses of the log's routes. */
export interface WireEvent {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq: number;
  /** Position of the previous durable event that the receiver may see. */
  readonly prev: number;
  readonly id: string;
  readonly at: string;
  readonly actor_id: string | null;
  readonly data: object;
  readonly replay?: true;
}

/** An event with its content for receivers; undefined if its subject no longer exists. */
export interface RenderedEvent {
  readonly event: StreamEvent;
  readonly content: EventContent | undefined;
}

/**
 * The event as all receivers see it or, with `override`, as that one receiver does. `prev` is the visible position
 * before it.
 */
export function wireEvent(
  kind: StreamKind,
  event: StreamEvent,
  content: { data: object; prev: number; override?: EventContent['override'] },
): WireEvent {
  return {
    type: event.type,
    ...(kind === 'conversation' && { conversation_id: event.streamId }),
    seq: event.seq,
    prev: content.override?.prev ?? content.prev,
    id: `${event.streamId}:${event.seq}`,
    at: event.at.toISOString(),
    actor_id: event.actorId,
    data: content.override?.data ?? content.data,
  };
}

/** Replaces an event about a message that the receiver does not see. */
export const EVENT_HIDDEN = 'event.hidden';
export const HIDDEN_DATA = { is_hidden: true } as const;

/** An event in the form for receivers who see no message up to a number. */
export interface VisibleEvent {
  readonly event: StreamEvent;
  readonly content: EventContent;
}

/** The event for a receiver who sees no message up to `hiddenUpTo`; without `data` that shows such a message. */
export function visibleAbove(hiddenUpTo: number, visible: VisibleEvent): VisibleEvent {
  const { event, content } = visible;
  const { shows } = content;
  if (!shows) return visible;
  if (shows.number <= hiddenUpTo)
    return { event: { ...event, type: EVENT_HIDDEN, actorId: null }, content: { data: HIDDEN_DATA } };
  if (shows.quoted && shows.quoted.number <= hiddenUpTo) return { event, content: { data: shows.quoted.data } };
  return visible;
}

/** The event as JSON. Types, ids and times need no escaping; the data may have been encoded before. */
export function encodeEvent({ type, conversation_id, seq, prev, id, at, actor_id, data }: WireEvent): string {
  const conversation = conversation_id === undefined ? '' : `"conversation_id":"${conversation_id}",`;
  const actor = actor_id === null ? 'null' : `"${actor_id}"`;
  return (
    `{"type":"${type}",${conversation}"seq":${seq},"prev":${prev},"id":"${id}",` +
    `"at":"${at}","actor_id":${actor},"data":${toJson(data)}}`
  );
}

/** The receiver of events: their own data, and the messages that they do not see. */
export interface EventReceiver {
  /** Omitted: any receiver who sees all. */
  readonly userId?: string;
  readonly hiddenUpTo?: number;
}

/**
 * A run of one stream as one user sees it. An event whose subject no longer exists leaves no gap in the chain of
 * `prev`.
 */
export function wireEvents(
  kind: StreamKind,
  events: readonly RenderedEvent[],
  { userId, hiddenUpTo = 0 }: EventReceiver,
): WireEvent[] {
  const wired: WireEvent[] = [];
  let prev = events.length > 0 ? events[0]!.event.seq - 1 : 0;
  for (const { event: stored, content: full } of events) {
    if (!full) continue;
    const { event, content } = visibleAbove(hiddenUpTo, { event: stored, content: full });
    const override = userId !== undefined && content.override?.userId === userId ? content.override : undefined;
    wired.push(wireEvent(kind, event, { data: content.data, prev, override }));
    prev = event.seq;
  }
  return wired;
}

/** States that a client must fetch a conversation, or everything, because what it missed is not replayed. */
export interface Resync {
  readonly scope: 'all' | 'conversation';
  readonly conversation_id?: string;
  readonly reason: string;
  readonly fetch?: string;
}

export function resyncConversation(conversationId: string): Resync {
  return {
    scope: 'conversation',
    conversation_id: conversationId,
    reason: 'gap_too_large',
    fetch: `/api/v1/conversations/${conversationId}/messages`,
  };
}
