import { toJson } from '../../json/json-encoding.js';
import type { EventContent, ShownMessage, ShownMessages, StreamEvent } from '../../event-log/stream-event.js';

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

/** What one user receives in place of the data for all; undefined for most users. */
export function overrideFor({ override, overrides }: EventContent, userId: string): EventContent['override'] {
  if (override?.userId === userId) return override;
  const data = overrides?.get(userId);
  return data && { userId, data };
}

/** Replaces an event about a message that the receiver does not see. */
export const EVENT_HIDDEN = 'event.hidden';
export const HIDDEN_DATA = { is_hidden: true } as const;

/** An event in the form for some of its receivers. */
export interface VisibleEvent {
  readonly event: StreamEvent;
  readonly content: EventContent;
}

/** What of an event a receiver does not see: its message, the message that it quotes, or nothing. */
export function unseenPart(
  shows: ShownMessages,
  userId: string | undefined,
  hiddenUpTo: number,
): ShownMessages | ShownMessages['quoted'] {
  if (!isSeen(shows, userId, hiddenUpTo)) return shows;
  return shows.quoted && !isSeen(shows.quoted, userId, hiddenUpTo) ? shows.quoted : undefined;
}

/** The event for the receivers who do not see this part of it. */
export function withoutPart(
  { event }: VisibleEvent,
  part: ShownMessages | NonNullable<ShownMessages['quoted']>,
): VisibleEvent {
  if ('data' in part) return { event, content: { data: part.data } };
  return { event: { ...event, type: EVENT_HIDDEN, actorId: null }, content: { data: HIDDEN_DATA } };
}

/** Whether a user who sees no message up to a number sees this one. */
export function isSeen({ number, onlyFor }: ShownMessage, userId: string | undefined, hiddenUpTo: number): boolean {
  return number > hiddenUpTo && (onlyFor === undefined || userId === undefined || onlyFor.includes(userId));
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
    const unseen = full.shows && unseenPart(full.shows, userId, hiddenUpTo);
    const visible = { event: stored, content: full };
    const { event, content } = unseen ? withoutPart(visible, unseen) : visible;
    const override = userId === undefined ? undefined : overrideFor(content, userId);
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
