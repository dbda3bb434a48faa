import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import type { Membership } from '../participants/access.policy.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type FeedFilter, type FeedCursor, MessageFeedRepository } from './message-feed.repository.js';
import { presentMessage } from './message-presenter.js';
import type { MessageDto, MessageType } from './messages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { OwnVotes } from './polls/own-votes.js';
import { MessagesRepository } from './messages.repository.js';
import { historyOf, VisibleMessages } from './visible-messages.js';

export const FEED_STATUSES = ['sent', 'delivered', 'read', 'active'] as const;

export interface FeedQuery {
  /** All conversations of the actor when omitted. */
  readonly conversationId?: string;
  readonly limit?: number;
  /** Message ids; at most one of the two. */
  readonly before?: string;
  readonly after?: string;
  readonly type?: MessageType;
  /** `active`: not deleted. */
  readonly status?: (typeof FEED_STATUSES)[number];
  readonly from?: string;
  readonly to?: string;
}

/** A page of a feed and its page number. Totals are exact up to 10,000. */
export interface FeedPage {
  /** Newest first, with `after` too. */
  readonly data: MessageDto[];
  readonly hasMore: boolean;
  readonly total: number;
  readonly page: number;
  readonly limit: number;
}

/**
 * Only for dialects: all messages that an actor may read, of all conversations or of one, newest first, with totals.
 */
@Injectable()
export class MessageFeed {
  constructor(
    private readonly feed: MessageFeedRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
    private readonly ownVotes: OwnVotes,
    private readonly visible: VisibleMessages,
  ) {}

  /** @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError */
  async page(actor: Actor, query: FeedQuery): Promise<FeedPage> {
    const { conversationId, limit = DEFAULT_PAGE_SIZE, before, after } = query;
    if (before !== undefined && after !== undefined) throw ValidationError.of('after', 'excludes before');
    const cursor = before ?? after;
    const membership =
      conversationId === undefined ? undefined : await this.participants.requireMember(actor, conversationId);
    const position = cursor === undefined ? undefined : await this.positionOf(actor, cursor, membership);
    const filter: FeedFilter = { ...query, userId: actor.userId };
    const [rows, counts] = await Promise.all([
      after !== undefined && position
        ? this.feed.newer(filter, position, limit + 1)
        : this.feed.older(filter, position, limit + 1),
      this.feed.counts(filter, cursor ?? null),
    ]);
    const pageRows = rows.slice(0, limit);
    if (after !== undefined) pageRows.reverse();
    const newer = after === undefined ? counts.before_page : counts.before_page - 1 - pageRows.length;
    return {
      data: await this.ownVotes.addTo(
        actor.userId,
        pageRows.map((row) => presentMessage(row, actor.userId)),
      ),
      hasMore: rows.length > limit,
      total: counts.total,
      page: Math.floor(Math.max(0, newer) / limit) + 1,
      limit,
    };
  }

  /** The place of a message in the feed of one conversation, of which the actor is a member, or of all of theirs. */
  private async positionOf(actor: Actor, messageId: string, member: Membership | undefined): Promise<FeedCursor> {
    const position = await this.messages.findPosition(messageId);
    if (!position || (member && position.conversation_id !== member.conversationId)) throw new MessageNotFound();
    const membership = member ?? (await this.participants.requireMember(actor, position.conversation_id));
    await this.visible.require(historyOf(actor, membership), { ...position, id: messageId });
    return { messageId, sequenceNumber: member ? position.sequence_number : null };
  }
}
