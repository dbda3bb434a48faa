import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { UsersPolicy } from '../users/users.policy.js';
import { renderMessageEvent } from './message-presenter.js';
import { MessageNotEditable, MessageNotFound } from './messages.errors.js';
import { MESSAGE_DELETED } from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';
import { ThreadEvents } from './thread-events.js';

/**
 * Deletion by moderators and admins of the system. They need not be participants, and the result does not reveal the
 * message.
 */
@Injectable()
export class ModeratorDelete {
  constructor(
    private readonly repository: MessagesRepository,
    private readonly users: UsersPolicy,
    private readonly log: EventLog,
    private readonly threads: ThreadEvents,
  ) {}

  /**
   * Leaves a tombstone, like every deletion; a repeated call has no effect. System messages cannot be deleted: they
   * inform participants about moderators, who could otherwise remove them.
   * @throws MessageNotFound, PermissionDenied, MessageNotEditable, LegalHold
   */
  async deleteAsModerator(actor: Actor, id: string, reason: string | null): Promise<void> {
    const position = await this.repository.findPosition(id);
    if (!position) throw new MessageNotFound();
    await this.log.write(position.conversation_id, async (tx) => {
      const current = await this.users.requireRank(actor, 'moderator', tx);
      const [message] = await this.repository.find([id], tx);
      if (!message || message.deleted_at) return;
      if (message.message_type === 'system') throw new MessageNotEditable();
      await this.repository.delete(tx, { id, actorId: actor.userId, at: tx.head.at });
      const [after] = await this.repository.find([id], tx);
      const content = renderMessageEvent(after!, MESSAGE_DELETED, { actorId: actor.userId });
      tx.append({ type: MESSAGE_DELETED, actorId: actor.userId, subjectId: id, content });
      await this.threads.appendAfterDeletion(tx, [id], actor.userId);
      const { conversation_id, sender_id } = message;
      const target = { type: 'message', id };
      tx.audit({ actor: current, action: 'message.take_down', target, reason, after: { conversation_id, sender_id } });
    });
  }
}
