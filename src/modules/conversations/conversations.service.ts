import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../platform/database/sql.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { OffsetPage, OffsetRange, Page } from '../../platform/pagination/page.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { mergeMetadata } from '../../platform/validation/merged-metadata.js';
import { ConversationNotFound } from '../participants/participants.errors.js';
import { CONVERSATION_REMOVED, CONVERSATION_UPDATED } from '../participants/participants.events.js';
import { isServer } from '../users/system-user.constants.js';
import { canDelete } from '../participants/access.policy.js';
import { ChangeAnnouncements } from '../participants/change-announcements.service.js';
import { problemsOfWiderSettings } from '../participants/conversation-settings.policy.js';
import { SystemRoleAnnouncements } from '../participants/system-role-announcements.service.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { ParticipantsService } from '../participants/participants.service.js';
import { cleanDescription, cleanTitle, requireHistorySettings, requirePicture } from './conversation-fields.policy.js';
import { presentConversation, presentSummary } from './conversation-presenter.js';
import type { ConversationDto, ConversationSummaryDto, UpdateConversationDto } from './conversations.dto.js';
import type {
  ConversationPageDto,
  ListConversationsQuery,
  ListPublicRoomsQuery,
  PublicRoomDto,
} from './conversation-pages.dto.js';
import { CONVERSATION_DELETED } from './conversations.events.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ListConversations } from './list-conversations.js';

/** Reads, updates and deletes conversations. `CreateConversation` creates them. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly repository: ConversationsRepository,
    private readonly lists: ListConversations,
    private readonly policy: ParticipantsPolicy,
    private readonly participants: ParticipantsService,
    private readonly announcements: SystemRoleAnnouncements,
    private readonly changes: ChangeAnnouncements,
    private readonly log: EventLog,
  ) {}

  /** @throws as `ListConversations.list` */
  list(actor: Actor, query: ListConversationsQuery): Promise<ConversationPageDto> {
    return this.lists.list(actor, query);
  }

  /** The actor's own conversations by offset, the most recently active first. */
  pageByOffset(actor: Actor, range: OffsetRange): Promise<OffsetPage<ConversationDto>> {
    return this.lists.pageByOffset(actor, range);
  }

  /** Rooms that every user may join, newest first. */
  publicRooms(actor: Actor | undefined, query: ListPublicRoomsQuery): Promise<Page<PublicRoomDto>> {
    return this.lists.publicRooms(actor, query);
  }

  /** @throws ConversationNotFound, PermissionDenied */
  async get(actor: Actor, conversationId: string): Promise<ConversationDto> {
    await this.policy.requireMember(actor, conversationId);
    return this.getUnchecked(actor, conversationId);
  }

  /** @throws ConversationNotFound, PermissionDenied for private ones */
  async join(actor: Actor, conversationId: string): Promise<ConversationDto> {
    await this.participants.join(actor, conversationId);
    return this.getUnchecked(actor, conversationId);
  }

  /**
   * Moderators may change title, description, picture, data and settings; only admins and the owner may change the
   * retention of messages. Of a direct conversation only the data changes, by the host's backend. A moderator who makes
   * the conversation public by system role gives a reason, which the participants see.
   * @throws ValidationError, ConversationNotFound, PermissionDenied, DirectConversationFixed, ReasonRequired
   */
  async update(
    actor: Actor,
    conversationId: string,
    { reason, ...dto }: UpdateConversationDto,
  ): Promise<ConversationDto> {
    const streamExists = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.requireRankUnderLock(tx, actor, conversationId, 1);
      if (!(access.isServer && hasOnlyMetadata(dto))) this.policy.requireNotDirect(access);
      this.policy.requireModerator(access);
      const settings = { ...dto.settings };
      requireHistorySettings({ ...access.settings, ...settings });
      if (settings.message_retention_days !== undefined && !this.policy.canAdminister(access)) this.policy.deny();
      throwProblems(problemsOfWiderSettings(access.type, { ...settings }, access.typeSettings));
      const isRetitled = await this.repository.update(tx, conversationId, {
        title: dto.title === undefined ? undefined : cleanTitle(dto.title),
        description: dto.description === undefined ? undefined : cleanDescription(dto.description),
        settings,
        picture: typeof dto.picture === 'string' ? requirePicture(dto.picture) : dto.picture,
        metadata: await this.mergedMetadata(tx, conversationId, dto.metadata),
        at: tx.head.at,
      });
      const payload = settings.is_frozen === true ? { is_frozen: true } : null;
      tx.append({ type: CONVERSATION_UPDATED, actorId: actor.userId, subjectId: conversationId, payload });
      const { metadata, ...others } = dto;
      const after = { ...others, ...(metadata && { metadata_keys: Object.keys(metadata) }) };
      const auditEntry = { action: 'conversation.update', after, reason };
      const becomesPublic = access.settings.is_private && settings.is_private === false;
      if (becomesPublic && this.policy.moderatesBySystemRole(access))
        await this.announcements.announceMadePublic(tx, actor, auditEntry);
      else this.policy.auditModeration(tx, actor, access, auditEntry);
      const { userId: actorId } = actor;
      if (isRetitled) await this.changes.announce(tx, { action: 'conversation.title_changed', ids: [], actorId });
      return true;
    });
    if (!streamExists) throw new ConversationNotFound();
    return this.getUnchecked(actor, conversationId);
  }

  /**
   * Deletes the conversation for all participants. Its owner may (in a direct conversation, both users), and system
   * admins. Conversations that the server created cannot be deleted. @throws ConversationNotFound, PermissionDenied,
   * LegalHold
   */
  async delete(actor: Actor, conversationId: string): Promise<void> {
    const streamExists = await this.log.write(conversationId, async (tx) => {
      const access = await this.policy.loadAccess(actor, conversationId, tx);
      if (!canDelete(access)) this.policy.deny();
      // Without events about members, participants learn of the deletion from the stream of the conversation alone.
      const hasMemberEvents = access.settings.member_events;
      const userIds = hasMemberEvents ? await this.repository.participantIds(tx, conversationId) : [];
      if (access.role !== 'owner') {
        const summaries = await this.repository.findSummaries([conversationId], tx);
        const before = { type: access.type, participants: summaries.get(conversationId)?.participant_count };
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

  private async mergedMetadata(
    tx: Queryable,
    conversationId: string,
    patch: UpdateConversationDto['metadata'],
  ): Promise<object | undefined> {
    if (patch === undefined) return undefined;
    return mergeMetadata('metadata', await this.repository.findMetadata(tx, conversationId), patch);
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
    const row = await this.repository.find(actor.userId, conversationId, isServer(actor));
    if (!row) throw new ConversationNotFound();
    return presentConversation(row, actor);
  }
}

/** Whether an update changes nothing but the data of the host. */
function hasOnlyMetadata({ title, description, settings, picture }: UpdateConversationDto): boolean {
  return [title, description, settings, picture].every((field) => field === undefined);
}
