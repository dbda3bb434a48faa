import { Injectable } from '@nestjs/common';
import { EventCatalogue } from '../../platform/event-log/event-catalogue.js';
import type { OutboxEvent } from '../../platform/event-log/outbox.repository.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import { REPORT_CREATED, REPORT_RESOLVED } from '../admin/moderation/moderation.events.js';
import { CONVERSATION_CREATED } from '../conversations/conversations.events.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { FILE_SCANNED } from '../files/files.events.js';
import type { MessageDto } from '../messages/messages.dto.js';
import { USER_UNREAD_REMINDER } from '../messages/messages.events.js';
import { PARTICIPANT_JOINED, RECEIPT_UPDATED } from '../participants/participants.events.js';
import { USER_BANNED, USER_CREATED } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { WEBHOOK_EVENTS } from './webhook-catalogue.js';

/** Events whose payload is the data. */
const COMPLETE_PAYLOADS: ReadonlySet<string> = new Set([
  FILE_SCANNED,
  RECEIPT_UPDATED,
  REPORT_CREATED,
  REPORT_RESOLVED,
  USER_UNREAD_REMINDER,
]);

const OF_CONVERSATIONS = /^(message|reaction|poll|participant|conversation)\./;

/** Presents events for webhooks: like the realtime events, with the ids of the conversation and the actor added. */
@Injectable()
export class WebhookPayloads {
  constructor(
    private readonly catalogue: EventCatalogue,
    private readonly conversations: ConversationsService,
    private readonly users: UsersService,
  ) {}

  /**
   * Returns the `data` of each event, in the given order. Text is as it was at the time of the event where the outbox
   * has a snapshot. Of what has been deleted since, only the remainder is returned: that it happened is always sent.
   * Undefined for events that are not for webhooks.
   */
  async present(events: readonly OutboxEvent[]): Promise<(object | undefined)[]> {
    const rendered = new Map<OutboxEvent, object | undefined>();
    // A join without events about members is in the outbox only.
    const hasContent = ({ seq, type }: OutboxEvent): boolean => seq !== null || type === PARTICIPANT_JOINED;
    const durable = events.filter((event) => hasContent(event) && this.catalogue.find(event.type));
    const contents = await this.catalogue.render(durable as StreamEvent[]);
    durable.forEach((event, index) => rendered.set(event, contents[index]?.data));
    await this.presentUsers(events, rendered);
    await this.presentConversations(events, rendered);
    for (const event of events) if (COMPLETE_PAYLOADS.has(event.type)) rendered.set(event, event.payload ?? {});
    return events.map((event) => toPayload(event, rendered.get(event)));
  }

  private async presentUsers(
    events: readonly OutboxEvent[],
    rendered: Map<OutboxEvent, object | undefined>,
  ): Promise<void> {
    const affected = events.filter(({ type }) => type === USER_CREATED || type === USER_BANNED);
    if (affected.length === 0) return;
    const rows = await this.users.findMany([...new Set(affected.map(({ subjectId }) => subjectId!))]);
    const users = new Map((await this.users.presentToSelf(rows)).map((user) => [user.id, user]));
    for (const event of affected) {
      const user = users.get(event.subjectId!);
      if (user) rendered.set(event, { ...event.payload, user });
    }
  }

  private async presentConversations(
    events: readonly OutboxEvent[],
    rendered: Map<OutboxEvent, object | undefined>,
  ): Promise<void> {
    const affected = events.filter(({ type }) => type === CONVERSATION_CREATED);
    if (affected.length === 0) return;
    const summaries = await this.conversations.findSummaries(affected.map(({ subjectId }) => subjectId!));
    for (const event of affected) {
      const conversation = summaries.get(event.subjectId!);
      if (conversation) rendered.set(event, { conversation });
    }
  }
}

/** Adds the ids of the conversation or the user; `current` is the data as of now. */
function toPayload(event: OutboxEvent, current: object | undefined): object | undefined {
  // A user's own settings of a conversation use the same event type; they are private.
  if (event.payload?.me) return undefined;
  const context = contextOf(event);
  if (!current) return { ...redacted(event), ...context };
  const data = asSnapshotted(event, current);
  const { message } = data as { message?: MessageDto };
  if (!message) return { ...context, ...data };
  return { ...context, message_id: message.id, sender_id: message.sender_id, content: message.content, ...data };
}

/** The ids of the conversation or user of an event, and of the actor. */
function contextOf({ type, actorId: actor_id, streamId, seq }: OutboxEvent): object {
  if (type === RECEIPT_UPDATED) return { conversation_id: streamId };
  if (type === REPORT_CREATED || type === REPORT_RESOLVED) return { actor_id };
  return OF_CONVERSATIONS.test(type) ? { conversation_id: streamId, seq, actor_id } : { actor_id, user_id: streamId };
}

/**
 * Data of an event whose object no longer exists: the fields of its type, with the values that the event itself
 * contains, and null for all others.
 */
function redacted({ type, subjectId, actorId, payload }: OutboxEvent): object {
  const ids = { message_id: subjectId, user_id: type.startsWith('participant.') ? subjectId : actorId };
  const known: Record<string, unknown> = { ...ids, ...payload };
  const fields = Object.keys(WEBHOOK_EVENTS.find((event) => event.type === type)?.sample ?? {});
  return Object.fromEntries(fields.map((field) => [field, known[field] ?? null]));
}

/** Restores the text of a message at the time of the event, unless the message has been deleted since. */
function asSnapshotted(event: OutboxEvent, current: object): object {
  const { snapshot } = event;
  const { message } = current as { message?: MessageDto };
  if (!snapshot) return current;
  if (!message) return snapshot;
  if (message.is_deleted) return current;
  // The snapshot of a send has the fields that an edit may change; that of other changes has the whole message.
  const { is_streaming, streaming_end, ...now } = message;
  const isStreaming = is_streaming ?? streaming_end !== undefined;
  const then =
    'message' in snapshot
      ? (snapshot.message as object)
      : { ...snapshot, is_edited: false, ...(isStreaming && { is_streaming: true }) };
  const { reply_to_content, reply_to } = message;
  return { message: { ...now, ...then, reply_to_content, reply_to } };
}
