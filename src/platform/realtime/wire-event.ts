import { jsonOf } from '../json/encoded-once.js';
import type { PresentedEvent, StreamEvent } from '../event-log/stream-event.js';

/** Whose stream it is. Events of a user's own stream name no conversation. */
export type StreamKind = 'conversation' | 'user';

/** A durable event as clients see it, in a frame and in the answers of the log's routes. */
export interface WireEvent {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq: number;
  /** Position of the durable event before this one that the receiver was entitled to. */
  readonly prev: number;
  readonly id: string;
  readonly at: string;
  readonly actor_id: string | null;
  readonly data: object;
  readonly replay?: true;
}

/** An event with what its receivers are shown; nothing for one whose subject is gone altogether. */
export interface RenderedEvent {
  readonly event: StreamEvent;
  readonly presented: PresentedEvent | undefined;
}

/** The event as everybody sees it or, given `only`, as that one receiver does; `prev` is the position shown before. */
export function wireEvent(
  kind: StreamKind,
  event: StreamEvent,
  shown: { data: object; prev: number; only?: PresentedEvent['only'] },
): WireEvent {
  return {
    type: event.type,
    ...(kind === 'conversation' && { conversation_id: event.streamId }),
    seq: event.seq,
    prev: shown.only?.prev ?? shown.prev,
    id: `${event.streamId}:${event.seq}`,
    at: event.at.toISOString(),
    actor_id: event.actorId,
    data: shown.only?.data ?? shown.data,
  };
}

/** The same as JSON. Types, ids and times need no escaping; what is shown may have been encoded before. */
export function encodeEvent(
  kind: StreamKind,
  { type, streamId, seq, at, actorId }: StreamEvent,
  { data, prev, only }: { data: object; prev: number; only?: PresentedEvent['only'] },
): string {
  const conversation = kind === 'conversation' ? `"conversation_id":"${streamId}",` : '';
  const actor = actorId === null ? 'null' : `"${actorId}"`;
  return (
    `{"type":"${type}",${conversation}"seq":${seq},"prev":${only?.prev ?? prev},"id":"${streamId}:${seq}",` +
    `"at":"${at.toISOString()}","actor_id":${actor},"data":${jsonOf(only?.data ?? data)}}`
  );
}

/**
 * A run of one stream as one user sees it. An event without a subject any more leaves no hole in the chain of `prev`.
 */
export function wireEvents(kind: StreamKind, events: readonly RenderedEvent[], userId?: string): WireEvent[] {
  const wired: WireEvent[] = [];
  let prev = events.length > 0 ? events[0]!.event.seq - 1 : 0;
  for (const { event, presented } of events) {
    if (!presented) continue;
    const only = userId !== undefined && presented.only?.userId === userId ? presented.only : undefined;
    wired.push(wireEvent(kind, event, { data: presented.data, prev, only }));
    prev = event.seq;
  }
  return wired;
}

/** Tells a client that it must fetch a conversation, or everything, instead of being told what it missed. */
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
