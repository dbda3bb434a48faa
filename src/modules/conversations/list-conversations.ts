import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { Actor } from '../../platform/identity/actor.js';
import {
  type OffsetPage,
  type OffsetRange,
  DEFAULT_PAGE_SIZE,
  decodeCursor,
  type Page,
  toPage,
} from '../../platform/pagination/page.js';
import { ResumeCursors } from '../../platform/realtime/resume/cursor.js';
import { foldName } from '../../platform/text-search/fold.js';
import { isServer } from '../users/system-user.constants.js';
import { ConversationPagesRepository, type PageCursor } from './conversation-pages.repository.js';
import { presentConversation, presentPublicRoom } from './conversation-presenter.js';
import type { ConversationDto } from './conversations.dto.js';
import type {
  ConversationPageDto,
  ListConversationsQuery,
  ListPublicRoomsQuery,
  PublicRoomDto,
} from './conversation-pages.dto.js';
import type { ConversationRow } from './conversation-rows.js';

/** Lists of conversations: those of a user, all of them for the host's backend, and public rooms. */
@Injectable()
export class ListConversations {
  constructor(
    private readonly pages: ConversationPagesRepository,
    private readonly cursors: ResumeCursors,
  ) {}

  /**
   * The actor's own conversations, the most recently active first. The resume cursor is read before the page, so that
   * no event is missed between the two. For the host's backend: all conversations, the latest created first or, with
   * `member`, those of a user as the user sees them. @throws ValidationError
   */
  async list(actor: Actor, query: ListConversationsQuery): Promise<ConversationPageDto> {
    const { limit = DEFAULT_PAGE_SIZE, search, q, member, pinned_first: isPinnedFirst = false } = query;
    const { after, afterPinned } = toPosition(query.cursor, isPinnedFirst);
    const resumeCursor = await this.cursors.now(actor.userId);
    const patterns = likePatterns(q ?? search);
    const filter = {
      type: query.type,
      isArchived: query.is_archived,
      isHidden: query.is_hidden,
      isUnread: query.unread,
      hasMentions: query.has_mentions,
      metadata: query.metadata,
      patterns,
      matchParticipants: q !== undefined,
      isPinnedFirst,
      afterPinned,
      after,
      limit: limit + 1,
    };
    const rows = await (isServer(actor)
      ? this.pageForServer(actor, member, filter)
      : this.pages.page(actor.userId, { ...filter, memberId: member }));
    const pin = (row: ConversationRow): number[] => (isPinnedFirst ? [row.is_pinned ? 1 : 0] : []);
    const present = (row: ConversationRow): ConversationDto => presentConversation(row, actor);
    return {
      ...toPage(rows, limit, present, (row) => [...pin(row), row.last_active_at_ms, row.id]),
      cursor: resumeCursor,
    };
  }

  /** The actor's own conversations by offset, the most recently active first. */
  async pageByOffset(actor: Actor, { offset, limit }: OffsetRange): Promise<OffsetPage<ConversationDto>> {
    const total = await this.pages.countOf(actor.userId);
    const rows = await this.pages.page(actor.userId, { offset, limit });
    return { data: rows.map((row) => presentConversation(row, actor)), total };
  }

  /** Rooms that every user may join, newest first. */
  async publicRooms(actor: Actor | undefined, query: ListPublicRoomsQuery): Promise<Page<PublicRoomDto>> {
    const { limit = DEFAULT_PAGE_SIZE, category, q } = query;
    const filter = { category, text: likePattern(q), after: toPageCursor(query.cursor), limit: limit + 1 };
    const rows = await this.pages.publicRooms(actor?.userId ?? null, filter);
    return toPage(rows, limit, presentPublicRoom, (row) => [row.created_at.getTime(), row.id]);
  }

  private pageForServer(
    actor: Actor,
    member: string | undefined,
    filter: Parameters<ConversationPagesRepository['page']>[1] & { patterns: string[] },
  ): Promise<ConversationRow[]> {
    if (member !== undefined) return this.pages.page(member, filter);
    const { isArchived, isHidden, isUnread, hasMentions, isPinnedFirst } = filter;
    const ofUser = {
      is_archived: isArchived,
      is_hidden: isHidden,
      unread: isUnread,
      has_mentions: hasMentions,
      pinned_first: isPinnedFirst,
    };
    const [name] = Object.entries(ofUser).find(([, value]) => value !== undefined && value !== false) ?? [];
    if (name !== undefined) throw ValidationError.of(name, 'needs member');
    return this.pages.pageOfAll(actor.userId, filter);
  }
}

/** With pinned conversations first, the cursor begins with whether the last one was pinned. */
function toPosition(
  cursor: string | undefined,
  isPinnedFirst: boolean,
): { after: PageCursor | undefined; afterPinned: boolean } {
  if (cursor === undefined || !isPinnedFirst) return { after: toPageCursor(cursor), afterPinned: false };
  const [pinned, millis, id] = decodeCursor(cursor, ['number', 'millis', 'uuid']) as [number, number, string];
  return { after: [millis, id], afterPinned: pinned === 1 };
}

function toPageCursor(cursor: string | undefined): PageCursor | undefined {
  return cursor === undefined ? undefined : (decodeCursor(cursor, ['millis', 'uuid']) as unknown as PageCursor);
}

/** One pattern for each different word, at most eight. */
function likePatterns(text: string | undefined): string[] {
  const words = new Set(foldName(text ?? '').split(' '));
  return [...words]
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => likePattern(word)!);
}

/** A LIKE pattern for the folded text; wildcards in it are escaped. */
function likePattern(text: string | undefined): string | undefined {
  const folded = foldName(text ?? '');
  return folded ? `%${folded.replace(/[\\%_]/g, '\\$&')}%` : undefined;
}
