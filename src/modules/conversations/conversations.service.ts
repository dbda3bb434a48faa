import { Injectable } from '@nestjs/common';
import { EventLog } from '../../platform/event-log/event-log.js';
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
import { ConversationNotFound } from '../participants/participants.errors.js';
import { CONVERSATION_REMOVED, CONVERSATION_UPDATED } from '../participants/participants.events.js';
import { foldName } from '../../platform/text-search/fold.js';
import { SystemRoleAnnouncements } from '../participants/system-role-announcements.service.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ParticipantsService } from '../participants/participants.service.js';
import { cleanDescription, cleanTitle } from './conversation-fields.policy.js';
import { presentConversation, presentPublicRoom, presentSummary } from './conversation-presenter.js';
import type {
  ConversationDto,
  ConversationPageDto,
  ConversationSummaryDto,
  ListConversationsQuery,
  ListPublicRoomsQuery,
  PublicRoomDto,
  UpdateConversationDto,
} from './conversations.dto.js';
import { CONVERSATION_DELETED } from './conversations.events.js';
import { ConversationsRepository, type PageCursor } from './conversations.repository.js';

/** Reads, updates and deletes conversations. `CreateConversation` creates them. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly participants: ParticipantsService,
    private readonly announcements: SystemRoleAnnouncements,
    private readonly log: EventLog,
    private readonly cursors: ResumeCursors,
  ) {}

  /**
   * The actor's own conversations, the most recently active first. The resume cursor is read before the page, so that
   * no event is missed between the two.
   */
  async list(actor: Actor, query: ListConversationsQuery): Promise<ConversationPageDto> {
    const { limit = DEFAULT_PAGE_SIZE, type, is_archived: isArchived, search, q } = query;
    const after = toPageCursor(query.cursor);
    const resumeCursor = await this.cursors.now(actor.userId);
    const patterns = likePatterns(q ?? search);
    const filter = { type, isArchived, patterns, matchParticipants: q !== undefined, after, limit: limit + 1 };
    const rows = await this.repository.page(actor.userId, filter);
    return {
      ...toPage(rows, limit, presentConversation, (row) => [row.last_active_at_ms, row.id]),
      cursor: resumeCursor,
    };
  }

  /** The actor's own conversations by offset, the most recently active first. */
  async pageByOffset(actor: Actor, { offset, limit }: OffsetRange): Promise<OffsetPage<ConversationDto>> {
    const total = await this.repository.countOf(actor.userId);
    const rows = await this.repository.page(actor.userId, { offset, limit });
    return { data: rows.map(presentConversation), total };
  }

  /** @throws ConversationNotFound, PermissionDenied */
  async get(actor: Actor, conversationId: string): Promise<ConversationDto> {
    await this.policy.requireMember(actor, conversationId);
    return this.getUnchecked(actor, conversationId);
  }

  /** Rooms that every user may join, newest first. */
  async publicRooms(actor: Actor | undefined, query: ListPublicRoomsQuery): Promise<Page<PublicRoomDto>> {
    const { limit = DEFAULT_PAGE_SIZE, category, search } = query;
    const filter = { category, text: likePattern(search), after: toPageCursor(query.cursor), limit: limit + 1 };
    const rows = await this.repository.publicRooms(actor?.userId ?? null, filter);
    return toPage(rows, limit, presentPublicRoom, (row) => [row.created_at.getTime(), row.id]);
  }

  /** @throws ConversationNotFound, PermissionDenied for private ones */
  async join(actor: Actor, conversationId: string): Promise<ConversationDto> {
    await this.participants.join(actor, conversationId);
    return this.getUnchecked(actor, conversationId);
  }

  /**
   * Moderators may change title, description and settings; only admins and the owner may change the retention of
   * messages. A moderator who makes the conversation public by system role gives a reason, which the participants see.
   * @throws ConversationNotFound, PermissionDenied, DirectConversationFixed, ReasonRequired
   */
  async update(
    actor: Actor,
    conversationId: string,
    { reason, ...dto }: UpdateConversationDto,
  ): Promise<ConversationDto> {
    const streamExists = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.requireRankUnderLock(tx, actor, conversationId, 1);
      this.policy.requireNotDirect(access);
      this.policy.requireModerator(access);
      const settings = { ...dto.settings };
      if (settings.message_retention_days !== undefined && !this.policy.canAdminister(access)) this.policy.deny();
      await this.repository.update(tx, conversationId, {
        title: dto.title === undefined ? undefined : cleanTitle(dto.title),
        description: dto.description === undefined ? undefined : cleanDescription(dto.description),
        settings,
        at: tx.head.at,
      });
      const payload = settings.is_frozen === true ? { is_frozen: true } : null;
      tx.append({ type: CONVERSATION_UPDATED, actorId: actor.userId, subjectId: conversationId, payload });
      const auditEntry = { action: 'conversation.update', after: { ...dto }, reason };
      const becomesPublic = access.settings.is_private && settings.is_private === false;
      if (becomesPublic && this.policy.moderatesBySystemRole(access))
        await this.announcements.announceMadePublic(tx, actor, auditEntry);
      else this.policy.auditModeration(tx, actor, access, auditEntry);
      return true;
    });
    if (!streamExists) throw new ConversationNotFound();
    return this.getUnchecked(actor, conversationId);
  }

  /**
   * Deletes the conversation for all participants. Its owner may (in a direct conversation, both users), and system
   * admins. Conversations that the server created cannot be deleted. @throws ConversationNotFound, PermissionDenied
   */
  async delete(actor: Actor, conversationId: string): Promise<void> {
    const streamExists = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.loadAccess(actor, conversationId, tx);
      if (access.isSystemOwned || (access.role !== 'owner' && !access.isSystemAdmin)) this.policy.deny();
      const userIds = await this.repository.participantIds(tx, conversationId);
      if (access.role !== 'owner') {
        const before = { type: access.type, participants: userIds.length };
        tx.audit({
          actor,
          action: 'conversation.delete',
          target: { type: 'conversation', id: conversationId },
          before,
        });
      }
      await this.repository.delete(tx, conversationId, tx.head.at);
      tx.append({ type: CONVERSATION_DELETED, actorId: actor.userId, subjectId: conversationId });
      await tx.appendToOthers(userIds, () => ({
        type: CONVERSATION_REMOVED,
        actorId: actor.userId,
        subjectId: conversationId,
        payload: { reason: 'deleted' },
      }));
      return true;
    });
    if (!streamExists) throw new ConversationNotFound();
  }

  /**
   * For events: the part that is the same for all participants, without an access check. Omits deleted conversations.
   */
  async findSummaries(conversationIds: string[]): Promise<Map<string, ConversationSummaryDto>> {
    const rows = await this.repository.findSummaries(conversationIds);
    return new Map([...rows].map(([id, row]) => [id, presentSummary(row)]));
  }

  /**
   * Without an access check, which is up to the caller. @throws ConversationNotFound if it was deleted in the meantime
   */
  async getUnchecked(actor: Actor, conversationId: string): Promise<ConversationDto> {
    const row = await this.repository.find(actor.userId, conversationId);
    if (!row) throw new ConversationNotFound();
    return presentConversation(row);
  }
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
