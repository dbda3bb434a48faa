import { Injectable } from '@nestjs/common';
import { PermissionDenied, ValidationError } from '../../../platform/errors/app-error.js';
import { DomainEvents } from '../../../platform/event-log/domain-events.js';
import { EventLog } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { HistoryMarks } from '../../participants/history-marks.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { UnreadChanged } from '../../participants/participants.events.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { isServer } from '../../users/system-user.constants.js';
import { HiddenMessagesRepository } from '../hidden-messages.repository.js';
import { presentMessage } from '../message-presenter.js';
import type { MessageDto } from '../messages.dto.js';
import { MessageNotFound, TooManyHiddenMessages } from '../messages.errors.js';
import { MessagesRepository } from '../messages.repository.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import type { ClearHistoryDto } from './history.dto.js';
import { CONVERSATION_CLEARED, type ConversationClearedData, MESSAGE_HIDDEN } from './history.events.js';

/** Messages of one conversation that a user may delete for themselves: reads skip them one by one. */
const HIDDEN_MAX = 1000;

/**
 * Removes messages from the history of one user, who alone learns of it: by events of their own stream. What others see
 * and the receipts stay. All throw PermissionDenied, AuthenticationRequired, AccountBanned.
 */
@Injectable()
export class OwnHistory {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly hidden: HiddenMessagesRepository,
    private readonly marks: HistoryMarks,
    private readonly participants: ParticipantsPolicy,
    private readonly visible: VisibleMessages,
    private readonly log: EventLog,
    private readonly events: DomainEvents,
  ) {}

  /** Deletes a message, of any sender, for the actor. Returns it once more. @throws MessageNotFound, TooManyHiddenMessages */
  async deleteForActor(actor: Actor, id: string): Promise<MessageDto> {
    requireUser(actor);
    const { userId } = actor;
    const position = await this.messages.findPosition(id);
    if (!position) throw new MessageNotFound();
    const { conversation_id: conversationId } = position;
    const message = await this.log.write(conversationId, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, conversationId);
      const [row] = await this.messages.find([id], tx);
      if (!row) throw new MessageNotFound();
      const history = historyOf(actor, membership);
      await this.visible.require(history, row, tx);
      if ((await this.hidden.count(tx, userId, conversationId, HIDDEN_MAX)) >= HIDDEN_MAX)
        throw new TooManyHiddenMessages(HIDDEN_MAX);
      await this.hidden.hide(tx, userId, row);
      if (!membership.hasHiddenMessages) await this.marks.noteHiddenMessage(tx, userId);
      const payload = { conversation_id: conversationId, sequence_number: row.sequence_number };
      await tx.appendToOthers([userId], () => ({ type: MESSAGE_HIDDEN, actorId: userId, subjectId: id, payload }));
      return presentMessage(row, userId, history.above);
    });
    if (!message) throw new MessageNotFound();
    this.events.publish(new UnreadChanged([{ userId, conversationId }]));
    return message;
  }

  /**
   * Deletes all messages up to a number for the actor. A number below that of an earlier call has no effect.
   * @throws ConversationNotFound, ValidationError
   */
  async clear(actor: Actor, conversationId: string, dto: ClearHistoryDto): Promise<ConversationClearedData> {
    requireUser(actor);
    const { userId } = actor;
    const cleared = await this.log.write(conversationId, async (tx) => {
      const { hiddenUpToNumber: before } = await this.participants.requireMemberUnderLock(tx, actor, conversationId);
      const { up_to_number: number = tx.head.lastNumber } = dto;
      if (number > tx.head.lastNumber) throw ValidationError.of('up_to_number', 'is above the newest message');
      if (!(await this.marks.hideUpTo(tx, userId, number))) return { number: before, hasChanged: false };
      await this.hidden.deleteUpTo(tx, userId, conversationId, number);
      await tx.appendToOthers([userId], () => ({
        type: CONVERSATION_CLEARED,
        actorId: userId,
        subjectId: conversationId,
        payload: { hidden_up_to_number: number },
      }));
      return { number, hasChanged: true };
    });
    if (!cleared) throw new ConversationNotFound();
    if (cleared.hasChanged) this.events.publish(new UnreadChanged([{ userId, conversationId }]));
    return { conversation_id: conversationId, up_to_number: cleared.number };
  }
}

/** The backend of the host is no participant and has no history of its own. @throws PermissionDenied */
function requireUser(actor: Actor): void {
  if (isServer(actor)) throw new PermissionDenied('A server key needs X-Act-As for this.');
}
