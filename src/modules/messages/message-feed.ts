import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/http/actor.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type FeedFilter, type FeedPlace, MessageFeedRepository } from './message-feed.repository.js';
import { presentMessage } from './message-presenter.js';
import type { MessageDto, MessageType } from './messages.dto.js';
import { MessageNotFound } from './messages.errors.js';
import { MessagesRepository } from './messages.repository.js';

export const FEED_STATUSES = ['sent', 'delivered', 'read', 'active'] as const;

export interface FeedQuery {
  /** Left out: all conversations of the actor. */
  readonly conversationId?: string;
  readonly limit?: number;
  /** Message ids; one of the two. */
  readonly before?: string;
  readonly after?: string;
  readonly type?: MessageType;
  /** active: not deleted. */
  readonly status?: (typeof FEED_STATUSES)[number];
  readonly from?: string;
  readonly to?: string;
}

/** A page of a feed, and where it lies among the pages of its size. Totals are exact up to 10,000. */
export interface FeedPage {
  /** Newest first, whichever way was paged. */
  readonly data: MessageDto[];
  readonly hasMore: boolean;
  readonly total: number;
  readonly page: number;
  readonly limit: number;
}

/** All messages an actor may read, over all conversations or in one, newest first, with totals. */
@Injectable()
export class MessageFeed {
  constructor(
    private readonly feed: MessageFeedRepository,
    private readonly messages: MessagesRepository,
    private readonly participants: ParticipantsPolicy,
  ) {}

  /** @throws ConversationNotFound, PermissionDenied, MessageNotFound, ValidationError */
  async page(actor: Actor, query: FeedQuery): Promise<FeedPage> {
    const { conversationId, limit = DEFAULT_PAGE_SIZE, before, after } = query;
    if (before !== undefined && after !== undefined) throw ValidationError.of('after', 'excludes before');
    if (conversationId !== undefined) await this.participants.requireMember(actor, conversationId);
    const cursor = before ?? after;
    const place = cursor === undefined ? undefined : await this.placeOf(actor, cursor, conversationId);
    const filter: FeedFilter = { ...query, userId: actor.userId };
    const [rows, counts] = await Promise.all([
      after !== undefined && place
        ? this.feed.newer(filter, place, limit + 1)
        : this.feed.older(filter, place, limit + 1),
      this.feed.counts(filter, cursor ?? null),
    ]);
    const shown = rows.slice(0, limit);
    if (after !== undefined) shown.reverse();
    const newer = after === undefined ? counts.before_page : counts.before_page - 1 - shown.length;
    return {
      data: shown.map((row) => presentMessage(row, actor.userId)),
      hasMore: rows.length > limit,
      total: counts.total,
      page: Math.floor(Math.max(0, newer) / limit) + 1,
      limit,
    };
  }

  private async placeOf(actor: Actor, messageId: string, conversationId: string | undefined): Promise<FeedPlace> {
    const place = await this.messages.findPlace(messageId);
    if (!place || (conversationId !== undefined && place.conversation_id !== conversationId)) {
      throw new MessageNotFound();
    }
    if (conversationId !== undefined) return { messageId, sequenceNumber: place.sequence_number };
    await this.participants.requireMember(actor, place.conversation_id);
    return { messageId, sequenceNumber: null };
  }
}
