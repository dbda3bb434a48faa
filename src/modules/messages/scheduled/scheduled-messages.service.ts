import { Injectable } from '@nestjs/common';
import { newId } from '../../../platform/database/ids.js';
import { AuthenticationRequired, IdempotencyConflict, ValidationError } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { Limits } from '../../../platform/throttling/limits.service.js';
import { FileNotAttachable, FileNotFound } from '../../files/files.errors.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { isGuest } from '../../users/guest.constants.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { readMentions } from '../mentions-field.js';
import type { PageQuery } from '../message-queries.dto.js';
import type { SendMessageDto } from '../messages.dto.js';
import { MENTION_ALL_LIMIT } from '../messages.limits.js';
import { SendMessage } from '../send-message.js';
import { presentScheduled } from './scheduled-message-presenter.js';
import type { ScheduledMessageDto, ScheduleMessageDto, UpdateScheduledMessageDto } from './scheduled-messages.dto.js';
import {
  ScheduledMessageNotFound,
  ScheduledMessageSending,
  TooManyScheduledMessages,
} from './scheduled-messages.errors.js';
import { SCHEDULED_MESSAGE_REMOVED, SCHEDULED_MESSAGE_UPDATED } from './scheduled-messages.events.js';
import { type ScheduledMessageRow, ScheduledMessagesRepository } from './scheduled-messages.repository.js';

/** Failed ones included. */
const SCHEDULED_MAX = 500;

/**
 * Messages that their authors have written to be sent later. Only their author sees and changes them, with an event of
 * the author's own stream for each change; whether the author may post is decided when a message is sent. All changes
 * throw AuthenticationRequired, AccountBanned.
 */
@Injectable()
export class ScheduledMessagesService {
  constructor(
    private readonly repository: ScheduledMessagesRepository,
    private readonly sendMessage: SendMessage,
    private readonly participants: ParticipantsPolicy,
    private readonly users: UsersPolicy,
    private readonly limits: Limits,
    private readonly log: EventLog,
  ) {}

  /**
   * Schedules a message. A repeat with the same client_message_id is the same scheduled message.
   * @throws ConversationNotFound, PermissionDenied, ValidationError, ContentTooLong, InvalidMessageType, FileNotFound,
   *   FileNotAttachable, IdempotencyConflict, TooManyScheduledMessages, RateLimitExceeded
   */
  async schedule(actor: Actor, conversationId: string, dto: ScheduleMessageDto): Promise<ScheduledMessageDto> {
    const { send_at, ...send } = dto;
    if (isGuest(actor)) this.participants.deny('Guests cannot schedule messages.');
    const sendAt = requireTime(send_at);
    await this.requireSendable(actor, send);
    const row = await this.write(actor, async (tx) => {
      await this.participants.requireMember(actor, conversationId, tx);
      const id = newId();
      const key = send.client_message_id ?? id;
      const wanted = {
        id,
        conversation_id: conversationId,
        sender_id: actor.userId,
        client_message_id: key,
        send: { ...send, client_message_id: key },
      };
      const known = await this.repository.findByKey(tx, wanted, sendAt);
      if (known && !known.is_same) throw new IdempotencyConflict();
      if (known) return known;
      if ((await this.repository.count(tx, actor.userId)) >= SCHEDULED_MAX)
        throw new TooManyScheduledMessages(SCHEDULED_MAX);
      await this.requireAttachable(tx, actor, conversationId, send.attachment_ids);
      const inserted = await this.repository.insert(tx, wanted, sendAt);
      this.append(tx, inserted!);
      return inserted!;
    });
    return presentScheduled(row);
  }

  /** The actor's own, the earliest first, with those that failed. @throws ConversationNotFound, PermissionDenied */
  async listIn(actor: Actor, conversationId: string, query: PageQuery): Promise<Page<ScheduledMessageDto>> {
    await this.participants.requireMember(actor, conversationId);
    return this.page(actor, query, conversationId);
  }

  /** The actor's own of all conversations, also of those that they have left. @throws ValidationError */
  list(actor: Actor, query: PageQuery): Promise<Page<ScheduledMessageDto>> {
    return this.page(actor, query);
  }

  /**
   * Changes the content or the time. One that failed is scheduled again, and needs a new time.
   * @throws ScheduledMessageNotFound, ScheduledMessageSending, and as `schedule`
   */
  async update(actor: Actor, id: string, dto: UpdateScheduledMessageDto): Promise<ScheduledMessageDto> {
    const { send_at, ...changes } = dto;
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    const row = await this.write(actor, async (tx) => {
      const locked = await this.lock(tx, actor, id);
      if (locked.due_at === null && send_at === undefined)
        throw ValidationError.of('send_at', 'is required for a message that failed');
      const send: SendMessageDto = { ...locked.send, ...given };
      const sendAt = send_at === undefined ? locked.send_at : requireTime(send_at);
      await this.requireSendable(actor, send, { isMentioningAnew: changes.mentions !== undefined });
      await this.requireAttachable(tx, actor, locked.conversation_id, changes.attachment_ids);
      const updated = await this.repository.update(tx, id, send, sendAt);
      this.append(tx, updated);
      return updated;
    });
    return presentScheduled(row);
  }

  /** @throws ScheduledMessageNotFound, ScheduledMessageSending */
  async delete(actor: Actor, id: string): Promise<void> {
    await this.write(actor, async (tx) => {
      const { conversation_id } = await this.lock(tx, actor, id);
      await this.repository.delete(tx, [id]);
      tx.append({
        type: SCHEDULED_MESSAGE_REMOVED,
        actorId: actor.userId,
        subjectId: id,
        payload: { conversation_id, reason: 'deleted', message_id: null },
      });
      return true;
    });
  }

  private append(tx: StreamTransaction, { id, sender_id }: ScheduledMessageRow): void {
    tx.append({ type: SCHEDULED_MESSAGE_UPDATED, actorId: sender_id, subjectId: id });
  }

  private async page(
    actor: Actor,
    { limit = DEFAULT_PAGE_SIZE, cursor }: PageQuery,
    conversationId?: string,
  ): Promise<Page<ScheduledMessageDto>> {
    const [millis, id] = cursor === undefined ? [] : decodeCursor(cursor, ['millis', 'uuid']);
    const after = cursor === undefined ? undefined : ([new Date(millis as number), id as string] as const);
    const rows = await this.repository.page(actor.userId, { conversationId, after, limit: limit + 1 });
    return toPage(rows, limit, presentScheduled, (row) => [row.send_at.getTime(), row.id]);
  }

  /** What a send would be refused for at any time is refused now. */
  private async requireSendable(
    actor: Actor,
    send: SendMessageDto,
    { isMentioningAnew = true }: { isMentioningAnew?: boolean } = {},
  ): Promise<void> {
    if (send.is_streaming) throw ValidationError.of('is_streaming', 'is not possible in a scheduled message');
    this.sendMessage.requireSendable(actor, send);
    if (isMentioningAnew && readMentions(send.mentions).scope) await this.limits.check(MENTION_ALL_LIMIT, actor);
  }

  private async requireAttachable(
    tx: StreamTransaction,
    { userId }: Actor,
    conversationId: string,
    ids: readonly string[] = [],
  ): Promise<void> {
    if (ids.length === 0) return;
    const files = await this.repository.attachable(tx, ids, userId, conversationId);
    if (files.length < ids.length) throw new FileNotFound();
    if (files.some(({ is_free }) => !is_free)) throw new FileNotAttachable();
  }

  private async lock(tx: StreamTransaction, { userId }: Actor, id: string): Promise<ScheduledMessageRow> {
    const row = await this.repository.lock(tx, id, userId);
    if (!row) throw new ScheduledMessageNotFound();
    if (row.is_sending) throw new ScheduledMessageSending();
    return row;
  }

  /** Under the lock of the actor's own stream, which orders the events of all their devices. */
  private async write<Result>(actor: Actor, work: (tx: StreamTransaction) => Promise<Result>): Promise<Result> {
    const result = await this.log.write(actor.userId, async (tx) => {
      await this.users.requireActive(tx, actor);
      return work(tx);
    });
    if (result === undefined) throw new AuthenticationRequired();
    return result;
  }
}

/** @throws ValidationError unless the time is in the future */
function requireTime(sendAt: string): Date {
  const time = new Date(sendAt);
  if (time.getTime() <= Date.now()) throw ValidationError.of('send_at', 'must be in the future');
  return time;
}
