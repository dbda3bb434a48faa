import { Injectable } from '@nestjs/common';
import { EventCatalogue } from '../../platform/event-log/event-catalogue.js';
import type { OutboxEvent } from '../../platform/event-log/outbox.repository.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import { CONVERSATION_CREATED } from '../conversations/conversations.events.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { FILE_SCANNED } from '../files/files.events.js';
import type { MessageDto } from '../messages/messages.dto.js';
import { USER_BANNED, USER_CREATED } from '../users/users.events.js';
import { UsersService } from '../users/users.service.js';
import { WEBHOOK_EVENTS } from './webhook-catalogue.js';

/** What of an event of the outbox is needed to show it. */
export type OutboxEventRow = Omit<OutboxEvent, 'at'> & { readonly at: Date };

const OF_CONVERSATIONS = /^(message|reaction|participant|conversation)\./;

/** Shows events to those outside: as the realtime events are shown, with the ids of place and actor beside it. */
@Injectable()
export class WebhookPayloads {
  constructor(
    private readonly catalogue: EventCatalogue,
    private readonly conversations: ConversationsService,
    private readonly users: UsersService,
  ) {}

  /**
   * `data` of each, in the order given. Text is as it was when it happened where the outbox knows; but of what has been
   * deleted since, only what is left: that it happened is told in any case. Undefined for what is not for outsiders.
   */
  async present(events: readonly OutboxEventRow[]): Promise<(object | undefined)[]> {
    const shown = new Map<OutboxEventRow, object | undefined>();
    const logged = events.filter((event) => event.seq !== null && this.catalogue.find(event.type));
    const presented = await this.catalogue.present(logged as StreamEvent[]);
    logged.forEach((event, index) => shown.set(event, presented[index]?.data));
    await this.presentUsers(events, shown);
    await this.presentConversations(events, shown);
    for (const event of events) if (event.type === FILE_SCANNED) shown.set(event, event.payload ?? {});
    return events.map((event) => complete(event, shown.get(event)));
  }

  private async presentUsers(
    events: readonly OutboxEventRow[],
    shown: Map<OutboxEventRow, object | undefined>,
  ): Promise<void> {
    const told = events.filter(({ type }) => type === USER_CREATED || type === USER_BANNED);
    if (told.length === 0) return;
    const rows = await this.users.findMany([...new Set(told.map(({ subjectId }) => subjectId!))]);
    const users = new Map((await this.users.presentOwn(rows)).map((user) => [user.id, user]));
    for (const event of told) {
      const user = users.get(event.subjectId!);
      if (user) shown.set(event, { ...event.payload, user });
    }
  }

  private async presentConversations(
    events: readonly OutboxEventRow[],
    shown: Map<OutboxEventRow, object | undefined>,
  ): Promise<void> {
    const told = events.filter(({ type }) => type === CONVERSATION_CREATED);
    if (told.length === 0) return;
    const summaries = await this.conversations.summaries(told.map(({ subjectId }) => subjectId!));
    for (const event of told) {
      const conversation = summaries.get(event.subjectId!);
      if (conversation) shown.set(event, { conversation });
    }
  }
}

function complete(event: OutboxEventRow, now: object | undefined): object | undefined {
  // A user's own flags of a conversation carry the name of the shared event; they are nobody else's business.
  if (event.payload?.me) return undefined;
  const { actorId: actor_id, streamId, seq } = event;
  const isOfConversation = OF_CONVERSATIONS.test(event.type);
  const place = isOfConversation ? { conversation_id: streamId, seq, actor_id } : { actor_id, user_id: streamId };
  if (!now) return { ...redacted(event), ...place };
  const data = asSnapshotted(event, now);
  const { message } = data as { message?: MessageDto };
  if (!message) return { ...place, ...data };
  return { ...place, message_id: message.id, sender_id: message.sender_id, content: message.content, ...data };
}

/** Of what is gone altogether: the fields of its type, with what the event itself knows, and null for all the rest. */
function redacted({ type, subjectId, actorId, payload }: OutboxEventRow): object {
  const ids = { message_id: subjectId, user_id: type.startsWith('participant.') ? subjectId : actorId };
  const known: Record<string, unknown> = { ...ids, ...payload };
  const fields = Object.keys(WEBHOOK_EVENTS.find((event) => event.type === type)?.sample ?? {});
  return Object.fromEntries(fields.map((field) => [field, known[field] ?? null]));
}

/** The text of a message at the time of the event, unless it is gone by now. */
function asSnapshotted(event: OutboxEventRow, now: object): object {
  const { snapshot } = event;
  const { message } = now as { message?: MessageDto };
  if (!snapshot) return now;
  if (!message) return snapshot;
  if (message.is_deleted) return now;
  // Sends leave the fields an edit may change; what is written with other changes leaves the whole message.
  const then = 'message' in snapshot ? (snapshot.message as object) : { ...snapshot, is_edited: false };
  return { message: { ...message, ...then, reply_to_content: message.reply_to_content } };
}
