import { Injectable } from '@nestjs/common';
import { EventLog, type StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { Access } from './access.policy.js';
import { ConversationNotFound } from './participants.errors.js';
import { ParticipantsPolicy } from './participants.policy.js';

/** Changes of who takes part in groups and rooms: each is checked and written under the lock of its conversation. */
@Injectable()
export class LockedConversations {
  constructor(
    private readonly policy: ParticipantsPolicy,
    private readonly log: EventLog,
  ) {}

  /**
   * Locks the conversation, reads the rights of the actor and runs `work`, which checks them first. What it appends is
   * committed, then announced. The actor needs no right to come so far.
   * @throws AuthenticationRequired, AccountBanned, ConversationNotFound, DirectConversationFixed, and NotAParticipant to
   *   strangers of a direct conversation
   */
  async change<T>(
    actor: Actor,
    conversationId: string,
    work: (tx: StreamTransaction, access: Access) => Promise<T>,
  ): Promise<T> {
    const changed = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.loadAccess(actor, conversationId, tx);
      this.policy.requireNotDirect(access);
      return { result: await work(tx, access) };
    });
    if (!changed) throw new ConversationNotFound();
    return changed.result;
  }
}
