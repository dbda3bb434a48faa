import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, type Page, toPage } from '../../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../../participants/participants.policy.js';
import { ContentModeration } from '../content-moderation.js';
import { MessageChanges } from '../message-changes.js';
import type { MessageDto } from '../messages.dto.js';
import { MessageNotFound, TooManyReactions } from '../messages.errors.js';
import { REACTION_ADDED, REACTION_REMOVED } from '../messages.events.js';
import { type ChangeContext, MessagesRepository } from '../messages.repository.js';
import { nameOfReaction, requireReaction } from '../reaction.js';
import { historyOf, VisibleMessages } from '../visible-messages.js';
import type { ListReactionsQuery, UserReactionDto } from './reactions.dto.js';
import { ReactionsRepository } from './reactions.repository.js';

/** Different emojis on one message. */
const EMOJIS_MAX = 50;

/** Adds and removes reactions, and lists who has reacted to a message. */
@Injectable()
export class ReactionsService {
  constructor(
    private readonly repository: ReactionsRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly visible: VisibleMessages,
    private readonly changes: MessageChanges,
    private readonly moderation: ContentModeration,
  ) {}

  /** The earliest reaction first. @throws MessageNotFound, PermissionDenied, ValidationError */
  async list(
    actor: Actor,
    messageId: string,
    { limit = DEFAULT_PAGE_SIZE, cursor, emoji }: ListReactionsQuery,
  ): Promise<Page<UserReactionDto>> {
    const position = await this.messages.findPosition(messageId);
    if (!position) throw new MessageNotFound();
    const membership = await this.participants.requireMember(actor, position.conversation_id);
    await this.visible.require(historyOf(actor, membership), { id: messageId, ...position });
    const [millis, userId, last] = cursor === undefined ? [] : decodeCursor(cursor, ['millis', 'uuid', 'word']);
    const after =
      cursor === undefined ? undefined : ([new Date(millis as number), userId as string, last as string] as const);
    const rows = await this.repository.page(messageId, { readerId: actor.userId, emoji, after, limit: limit + 1 });
    return toPage(
      rows,
      limit,
      (row) => ({ ...row, created_at: row.created_at.toISOString() }),
      (row) => [row.created_at.getTime(), row.user_id, row.emoji],
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
      if ((await this.repository.countEmojis(tx, emoji, context)).isOwn) return undefined;
      if (!membership.settings.multiple_reactions) await this.removeReactions(tx, context);
      const { count, isKnown } = await this.repository.countEmojis(tx, emoji, context);
      if (count >= EMOJIS_MAX && !isKnown) throw new TooManyReactions(EMOJIS_MAX);
      const added = await this.repository.add(tx, emoji, context);
      if (!added) return undefined;
      await this.changes.enforceSlowMode({ tx, membership, context });
      return { type: REACTION_ADDED, emoji, isShadowed: added.is_shadowed };
    });
  }

  /** Removes the actor's own reaction. */
  async unreact(actor: Actor, id: string, emoji: string): Promise<MessageDto> {
    return this.changes.change(actor, id, async ({ tx, context }) => {
      const removed = await this.repository.remove(tx, emoji, context);
      return removed && { type: REACTION_REMOVED, emoji: removed.emoji, isShadowed: removed.is_shadowed };
    });
  }

  private async removeReactions(tx: StreamTransaction, context: ChangeContext): Promise<void> {
    const { actorId, id: subjectId } = context;
    for (const { emoji, is_shadowed } of await this.repository.removeAllOf(tx, context)) {
      const payload = { emoji, ...(is_shadowed && { only_for: [actorId] }) };
      tx.append({ type: REACTION_REMOVED, actorId, subjectId, payload });
    }
  }
}
