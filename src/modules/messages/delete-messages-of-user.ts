import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { LegalHold } from '../conversations/conversations.errors.js';
import { ConversationNotFound } from '../participants/participants.errors.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { MessageErasureRepository } from './message-erasure.repository.js';
import { MessageRetentionRepository } from './message-retention.repository.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { ThreadEvents } from './thread-events.js';

/** Messages deleted by one call. */
export const DELETED_AT_ONCE_MAX = 1000;
/** Messages deleted under one lock of the conversation. */
const BATCH_SIZE = 100;
/** Messages of all users that one statement searches: there is no index by sender. */
const WINDOW = 5000;

/**
 * Deletes what one user has written in a conversation since a time, for example before they were banned. Each message
 * becomes a tombstone with its own `message.deleted`, as if it had been deleted alone.
 */
@Injectable()
export class DeleteMessagesOfUser {
  constructor(
    private readonly repository: MessageErasureRepository,
    private readonly tombstones: MessageRetentionRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly threads: ThreadEvents,
    private readonly log: EventLog,
  ) {}

  /**
   * For the user and for moderators of the conversation who rank above the user there. System messages stay. After an
   * interruption, a repeated call deletes the rest. @throws ConversationNotFound, PermissionDenied, LegalHold
   */
  async delete(
    actor: Actor,
    conversationId: string,
    { userId, since }: { userId: string; since: Date },
  ): Promise<{ deleted_count: number; has_more: boolean }> {
    const membership = await this.participants.requireMember(actor, conversationId);
    if (userId !== actor.userId) await this.participants.requireMayModerate(membership, userId);
    const range = await this.repository.findNumbersSince(conversationId, since);
    let deleted = 0;
    for (let from = range.first - 1; from < range.last; from += WINDOW) {
      const ids = await this.repository.findMessageIds(userId, conversationId, { from, to: from + WINDOW });
      for (let first = 0; first < ids.length; first += BATCH_SIZE) {
        if (deleted >= DELETED_AT_ONCE_MAX) return { deleted_count: deleted, has_more: true };
        deleted += await this.deleteBatch(actor, conversationId, userId, ids.slice(first, first + BATCH_SIZE));
      }
    }
    return { deleted_count: deleted, has_more: false };
  }

  private async deleteBatch(actor: Actor, conversationId: string, userId: string, ids: string[]): Promise<number> {
    const deleted = await this.log.write(conversationId, async (tx) => {
      const membership = await this.participants.requireMemberUnderLock(tx, actor, conversationId);
      if (userId !== actor.userId) await this.participants.requireMayModerate(membership, userId, tx);
      if (await this.repository.isHeld(tx, conversationId)) throw new LegalHold();
      const remaining = await this.repository.findRemaining(tx, ids);
      await this.tombstones.empty(tx, remaining, tx.head.at);
      for (const subjectId of remaining) tx.append({ type: MESSAGE_DELETED, actorId: actor.userId, subjectId });
      await this.threads.appendAfterDeletion(tx, remaining, actor.userId);
      if (userId !== actor.userId) {
        const target = { type: 'conversation', id: conversationId };
        const after = { user_id: userId, count: remaining.length };
        tx.audit({ actor, action: 'conversation.delete_messages_of_user', target, after });
      }
      return remaining.length;
    });
    if (deleted === undefined) throw new ConversationNotFound();
    return deleted;
  }
}
