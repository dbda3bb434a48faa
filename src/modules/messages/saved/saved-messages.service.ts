import { Injectable } from '@nestjs/common';
import { AuthenticationRequired, ValidationError } from '../../../platform/errors/app-error.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { isGuest } from '../../users/guest.constants.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { presentMessage } from '../message-presenter.js';
import { MessageNotEditable, MessageNotFound } from '../messages.errors.js';
import { MessagesRepository } from '../messages.repository.js';
import { OwnVotes } from '../polls/own-votes.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import type {
  ListSavedMessagesQuery,
  SavedMessageDto,
  SavedMessageMarkDto,
  SaveMessageDto,
} from './saved-messages.dto.js';
import { TooManySavedMessages } from './saved-messages.errors.js';
import { SAVED_MESSAGE_REMOVED, SAVED_MESSAGE_UPDATED } from './saved-messages.events.js';
import { presentMark, SavedMessagesRepository } from './saved-messages.repository.js';

const SAVED_MAX = 5000;

/**
 * Messages that users have saved for themselves, with or without a time for a reminder. Only the user knows of them; a
 * change is an event of their own stream, and a change without effect is none.
 */
@Injectable()
export class SavedMessagesService {
  constructor(
    private readonly repository: SavedMessagesRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly users: UsersPolicy,
    private readonly visible: VisibleMessages,
    private readonly ownVotes: OwnVotes,
    private readonly log: EventLog,
  ) {}

  /**
   * Saves a message, or changes its reminder.
   * @throws MessageNotFound, MessageNotEditable for a deleted message, PermissionDenied, ValidationError,
   *   TooManySavedMessages, AuthenticationRequired, AccountBanned
   */
  async save(actor: Actor, messageId: string, { remind_at }: SaveMessageDto): Promise<SavedMessageMarkDto> {
    if (isGuest(actor)) this.participants.deny('Guests cannot save messages.');
    const remindAt = typeof remind_at === 'string' ? requireTime(remind_at) : remind_at;
    const { userId } = actor;
    const mark = await this.log.write(userId, async (tx) => {
      await this.users.requireActive(tx, actor);
      const [message] = await this.messages.find([messageId], tx);
      if (!message) throw new MessageNotFound();
      const { conversation_id: conversationId } = message;
      const membership = await this.participants.requireMember(actor, conversationId, tx);
      await this.visible.require(historyOf(actor, membership), message, tx);
      if (message.deleted_at) throw new MessageNotEditable();
      if ((await this.repository.countOthers(tx, userId, messageId)) >= SAVED_MAX)
        throw new TooManySavedMessages(SAVED_MAX);
      const place = { userId, messageId, conversationId };
      const saved = await this.repository.save(tx, place, { at: tx.head.at, remindAt });
      if (saved) tx.append({ type: SAVED_MESSAGE_UPDATED, actorId: userId, subjectId: messageId });
      return saved ?? (await this.repository.find([place], tx))[0]!;
    });
    if (!mark) throw new AuthenticationRequired();
    return presentMark(mark);
  }

  /** Also of conversations that the actor has left. @throws AuthenticationRequired, AccountBanned */
  async remove(actor: Actor, messageId: string): Promise<void> {
    const { userId } = actor;
    await this.log.write(userId, async (tx) => {
      await this.users.requireActive(tx, actor);
      const conversation_id = await this.repository.remove(tx, userId, messageId);
      if (conversation_id === undefined) return;
      tx.append({ type: SAVED_MESSAGE_REMOVED, actorId: userId, subjectId: messageId, payload: { conversation_id } });
    });
  }

  /** Of conversations in which the actor is a participant now, the latest saved first. @throws ValidationError */
  async list(
    actor: Actor,
    { limit = DEFAULT_PAGE_SIZE, cursor, with_reminder }: ListSavedMessagesQuery,
  ): Promise<Page<SavedMessageDto>> {
    const [millis, id] = cursor === undefined ? [] : decodeCursor(cursor, ['millis', 'uuid']);
    const before = cursor === undefined ? undefined : ([new Date(millis as number), id as string] as const);
    const query = { before, withReminder: with_reminder, limit: limit + 1 };
    const rows = await this.repository.page(actor.userId, query);
    const page = toPage(
      rows,
      limit,
      (row) => ({ ...presentMark(row), message: presentMessage(row, actor.userId) }),
      (row) => [row.saved_at.getTime(), row.message_id],
    );
    const messages = await this.ownVotes.addTo(
      actor.userId,
      page.data.map(({ message }) => message),
    );
    return { ...page, data: page.data.map((saved, index) => ({ ...saved, message: messages[index]! })) };
  }
}

/** @throws ValidationError unless the time is in the future */
function requireTime(remindAt: string): Date {
  const time = new Date(remindAt);
  if (time.getTime() <= Date.now()) throw ValidationError.of('remind_at', 'must be in the future');
  return time;
}
