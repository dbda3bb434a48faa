import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type FeedFilter, type FeedCursor, MessageFeedRepository } from './message-feed.repository.js';
import { presentMessage } from './message-presenter.js';
import type { MessageDto, MessageType } from './messages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { OwnVotes } from './polls/own-votes.js';
import { MessagesRepository } from './messages.repository.js';

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
  ) {}

  /** @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError */
  async page(actor: Actor, query: FeedQuery): Promise<FeedPage> {
    const { conversationId, limit = DEFAULT_PAGE_SIZE, before, after } = query;
    if (before !== undefined && after !== undefined) throw ValidationError.of('after', 'excludes before');
    if (conversationId !== undefined) await this.participants.requireMember(actor, conversationId);
    const cursor = before ?? after;
    const position = cursor === undefined ? undefined : await this.positionOf(actor, cursor, conversationId);
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

  private async positionOf(actor: Actor, messageId: string, conversationId: string | undefined): Promise<FeedCursor> {
    const position = await this.messages.findPosition(messageId);
    if (!position || (conversationId !== undefined && position.conversation_id !== conversationId)) {
      throw new MessageNotFound();
    }
    if (conversationId !== undefined) return { messageId, sequenceNumber: position.sequence_number };
    await this.participants.requireMember(actor, position.conversation_id);
    return { messageId, sequenceNumber: null };
  }
}
