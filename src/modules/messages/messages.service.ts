import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import type { HeldSend } from './content-rules.port.js';
import type { Audience } from './history/history.dto.js';
import { OwnHistory } from './history/own-history.js';
import { EditMessage } from './edit-message.js';
import { MessageChanges } from './message-changes.js';
import type { EditMessageDto, MessageDto, SendMessageDto } from './messages.dto.js';
import { MESSAGE_DELETED, MESSAGE_PINNED, MESSAGE_UNPINNED } from './messages.events.js';
import { MessagesRepository } from './messages.repository.js';
import { SendMessage, type SentMessage } from './send-message.js';
import { SendWithinLimits } from './send-within-limits.js';

/**
 * Sends and changes messages. A change is one durable event of the conversation, authorized and written under the
 * conversation's lock. A change without effect writes no event.
 * Changes throw MessageNotFound, PermissionDenied, MessageNotEditable, AuthenticationRequired, AccountBanned.
 */
@Injectable()
export class MessagesService {
  constructor(
    private readonly sendWithinLimits: SendWithinLimits,
    private readonly sendMessage: SendMessage,
    private readonly repository: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly editMessage: EditMessage,
    private readonly changes: MessageChanges,
    private readonly ownHistory: OwnHistory,
  ) {}

  /**
   * Resolves once the message is on disk. A repeat with the same key returns the same message and costs no quota.
   * @throws RateLimitExceeded if it is one of too many messages that mention all; and as `SendMessage.send`
   */
  send(actor: Actor, conversationId: string, dto: SendMessageDto): Promise<SentMessage> {
    return this.sendWithinLimits.send(actor, conversationId, dto);
  }

  /** Sends a message that was held for review, once for each key. */
  release(held: HeldSend, key: string): Promise<SentMessage> {
    return this.sendMessage.release(held, key);
  }

  /**
   * Replaces the text. Only the sender may, and only while they may post, and the host's backend, to whose texts the
   * content rules do not apply. The history keeps the old text. To others the text stays, if the sender is shadow-banned.
   * @throws ContentRejected, CheckUnavailable, SlowMode, MessageStreaming
   */
  edit(actor: Actor, id: string, dto: EditMessageDto): Promise<MessageDto> {
    return this.editMessage.edit(actor, id, dto);
  }

  /**
   * Leaves a tombstone. The sender, moderators of the conversation and the host's backend may. A repeated delete has no
   * effect. With `me` the actor alone no longer sees the message. @throws LegalHold, TooManyHiddenMessages
   */
  async delete(actor: Actor, id: string, audience: Audience = 'all'): Promise<MessageDto> {
    if (audience === 'me') return this.ownHistory.deleteForActor(actor, id);
    return this.changes.change(
      actor,
      id,
      async ({ tx, message, membership, context }) => {
        const { conversation_id, sender_id } = message;
        const isOwn = sender_id === actor.userId;
        if (!isOwn) this.participants.requireModerator(membership);
        if (message.deleted_at) return undefined;
        const before = { conversation_id, sender_id };
        if (!isOwn) tx.audit({ actor, action: 'message.delete', target: { type: 'message', id }, before });
        await this.repository.delete(tx, context);
        return MESSAGE_DELETED;
      },
      { allowTombstone: true },
    );
  }

  /** Moderators may pin; in a direct conversation both users may. */
  async pin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changes.change(actor, id, async ({ tx, membership, context }) => {
      this.participants.requireMayPin(membership);
      return (await this.repository.pin(tx, context)) ? MESSAGE_PINNED : undefined;
    });
  }

  async unpin(actor: Actor, id: string): Promise<MessageDto> {
    return this.changes.change(actor, id, async ({ tx, membership, context }) => {
      this.participants.requireMayPin(membership);
      return (await this.repository.unpin(tx, context)) ? MESSAGE_UNPINNED : undefined;
    });
  }
}
