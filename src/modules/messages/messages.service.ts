import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { codePointLength } from '../../platform/validation/text.js';
import type { Membership } from '../participants/access.policy.js';
import { FeatureDisabled } from '../participants/participants.errors.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ContentModeration } from './content-moderation.js';
import type { HeldSend } from './content-rules.port.js';
import type { Audience } from './history/history.dto.js';
import { OwnHistory } from './history/own-history.js';
import { type LockedMessage, MessageChanges } from './message-changes.js';
import type { EditMessageDto, MessageDto, SendMessageDto } from './messages.dto.js';
import { ContentTooLong, SlowMode, TooManyReactions } from './messages.errors.js';
import {
  MESSAGE_DELETED,
  MESSAGE_PINNED,
  MESSAGE_UNPINNED,
  MESSAGE_UPDATED,
  REACTION_ADDED,
  REACTION_REMOVED,
} from './messages.events.js';
import { type ChangeContext, MessagesRepository } from './messages.repository.js';
import { nameOfReaction, requireReaction } from './reaction.js';
import { ReactionsRepository } from './reactions/reactions.repository.js';
import { SendMessage, type SentMessage } from './send-message.js';
import { SendWithinLimits } from './send-within-limits.js';

/** Different emojis on one message. */
const EMOJIS_MAX = 50;

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
    private readonly reactions: ReactionsRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly moderation: ContentModeration,
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
   * content rules do not apply. The history keeps the old text.
   * @throws ContentRejected, CheckUnavailable, SlowMode
   */
  async edit(actor: Actor, id: string, dto: EditMessageDto): Promise<MessageDto> {
    const checked = await this.sendMessage.prepareEdit(actor, id, dto);
    return this.changes.change(actor, id, async ({ tx, message, membership, context }) => {
      this.participants.requireMayWrite(membership);
      const { conversation_id, sender_id } = message;
      const isOwn = sender_id === actor.userId;
      if (!isOwn && !membership.isServer) this.participants.deny('Only its sender may edit a message.');
      const texts = { content: checked.content, metadata: checked.metadata };
      const moderated = membership.isServer ? texts : await this.moderation.moderateEdit(conversation_id, texts);
      await this.requireTextAllowed(tx, membership, moderated.content);
      if (!(await this.repository.edit(tx, { ...context, ...moderated, mentions: dto.mentions }))) return undefined;
      const before = { conversation_id, sender_id };
      if (!isOwn) tx.audit({ actor, action: 'message.edit', target: { type: 'message', id }, before });
      await this.enforceSlowMode({ tx, membership, context });
      return MESSAGE_UPDATED;
    });
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

  /**
   * Adds the actor's reaction: one emoji or `:name:`. A repeated reaction has no effect. Where a user has one reaction,
   * it replaces the earlier one, which is an event of its own.
   * @throws ValidationError, TooManyReactions, ContentRejected, SlowMode
   */
  async react(actor: Actor, id: string, text: string): Promise<MessageDto> {
    const emoji = requireReaction(text);
    return this.changes.change(actor, id, async ({ tx, message, membership, context }) => {
      this.participants.requireMayPost(membership);
      this.participants.requireFeature(membership, 'reactions');
      if (nameOfReaction(emoji) !== undefined) this.participants.requireFeature(membership, 'custom_reactions');
      await this.moderation.moderateReaction(message.conversation_id, emoji);
      if ((await this.reactions.countEmojis(tx, emoji, context)).isOwn) return undefined;
      if (!membership.settings.multiple_reactions) await this.removeReactions(tx, context);
      const { count, isKnown } = await this.reactions.countEmojis(tx, emoji, context);
      if (count >= EMOJIS_MAX && !isKnown) throw new TooManyReactions(EMOJIS_MAX);
      if (!(await this.reactions.add(tx, emoji, context))) return undefined;
      await this.enforceSlowMode({ tx, membership, context });
      return { type: REACTION_ADDED, emoji };
    });
  }

  /** Removes the actor's own reaction. */
  async unreact(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changes.change(actor, id, async ({ tx, context }) => {
      const removed = await this.reactions.remove(tx, emoji, context);
      return removed === undefined ? undefined : { type: REACTION_REMOVED, emoji: removed };
    });
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

  /** @throws FeatureDisabled for a link, ContentTooLong by the settings of the conversation */
  private async requireTextAllowed(tx: Queryable, { settings, isServer }: Membership, content: string): Promise<void> {
    if (isServer) return;
    const { message_length_max: limit, links } = settings;
    const length = codePointLength(content);
    if (limit !== null && length > limit) throw new ContentTooLong(length, limit);
    if (!links && (await this.repository.hasLink(tx, content))) throw new FeatureDisabled('links');
  }

  private async removeReactions(tx: StreamTransaction, context: ChangeContext): Promise<void> {
    for (const emoji of await this.reactions.removeAllOf(tx, context))
      tx.append({ type: REACTION_REMOVED, actorId: context.actorId, subjectId: context.id, payload: { emoji } });
  }

  /** @throws SlowMode; the transaction then rolls the change back */
  private async enforceSlowMode({
    tx,
    membership,
    context,
  }: Pick<LockedMessage, 'tx' | 'membership' | 'context'>): Promise<void> {
    const seconds = await this.participants.applySlowMode(tx, membership, context);
    if (seconds > 0) throw new SlowMode(seconds);
  }
}
