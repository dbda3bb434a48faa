import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../../platform/errors/app-error.js';
import { EventLog, type StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import { LegalHold } from '../../conversations/conversations.errors.js';
import { HistoryMarks } from '../../participants/history-marks.service.js';
import { ConversationNotFound } from '../../participants/participants.errors.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { problemsOfTruncation, type TruncateConversationDto } from './history.dto.js';
import { CONVERSATION_TRUNCATED, type ConversationClearedData } from './history.events.js';
import { EmptyTruncated } from './empty-truncated.js';
import { TruncationsRepository } from './truncations.repository.js';

/** Messages that are deleted before the call returns; the background work deletes more. */
const DELETED_AT_ONCE = 1000;

/**
 * Deletes the messages of a conversation up to a number or a time, for all. When the call returns, no participant sees
 * them, by one number for each participant and one event for all; their texts are then deleted in batches.
 */
@Injectable()
export class TruncateConversation {
  constructor(
    private readonly repository: TruncationsRepository,
    private readonly marks: HistoryMarks,
    private readonly participants: ParticipantsPolicy,
    private readonly log: EventLog,
    private readonly deletion: EmptyTruncated,
  ) {}

  /**
   * Moderators of groups and rooms may, and the host's backend. A number below that of an earlier call has no effect.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, DirectConversationFixed, LegalHold,
   *   AuthenticationRequired, AccountBanned
   */
  async truncate(actor: Actor, conversationId: string, dto: TruncateConversationDto): Promise<ConversationClearedData> {
    throwProblems(problemsOfTruncation(dto));
    const truncated = await this.log.write(conversationId, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, conversationId);
      this.participants.requireNotDirect(membership);
      this.participants.requireModerator(membership);
      if (await this.repository.isHeld(tx, conversationId)) throw new LegalHold();
      const number = await this.numberOf(tx, dto);
      if (number === 0 || !(await this.repository.extend(tx, conversationId, number)))
        return this.repository.upTo(tx, conversationId);
      await this.marks.hideFromNext(tx, number);
      const payload = { hidden_up_to_number: number };
      tx.append({ type: CONVERSATION_TRUNCATED, actorId: actor.userId, subjectId: conversationId, payload });
      const target = { type: 'conversation', id: conversationId };
      tx.audit({ actor, action: 'conversation.truncate', target, after: { up_to_number: number } });
      return number;
    });
    if (truncated === undefined) throw new ConversationNotFound();
    await this.deletion.delete(conversationId, DELETED_AT_ONCE);
    return { conversation_id: conversationId, up_to_number: truncated };
  }

  private async numberOf(tx: StreamTransaction, dto: TruncateConversationDto): Promise<number> {
    const { up_to_number: number, before } = dto;
    if (before !== undefined) return this.repository.numberBefore(tx, tx.head.streamId, new Date(before));
    if (number! > tx.head.lastNumber) throw ValidationError.of('up_to_number', 'is above the newest message');
    return number!;
  }
}
