import { Injectable } from '@nestjs/common';
import { ValidationError } from '../../platform/errors/app-error.js';
import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, toPage } from '../../platform/pagination/page.js';
import { throwProblems } from '../../platform/validation/input-rules.js';
import { cleanName } from '../../platform/validation/text.js';
import { type NewParticipant, AddParticipants } from './add-participants.js';
import { presentParticipant, withoutMarks } from './participant-presenter.js';
import { mayChangeRole, mayModerate, type ParticipantRole, rankOf } from './participant-roles.js';
import {
  type AddParticipantsDto,
  type ChangeParticipantDto,
  type ListParticipantsQuery,
  type ParticipantDto,
  type ParticipantPageDto,
  problemsOfMute,
} from './participants.dto.js';
import { NotAParticipant } from './participants.errors.js';
import type { Access } from './access.policy.js';
import { LockedConversations } from './locked-conversations.js';
import { ParticipantsPolicy } from './participants.policy.js';
import { type ListCursor, ParticipantPagesRepository } from './participant-pages.repository.js';
import { type Mute, type ParticipantRow, ParticipantsRepository } from './participants.repository.js';
import { SystemRoleAnnouncements } from './system-role-announcements.service.js';
import { ParticipantChanges } from './participant-changes.js';

export type { NewParticipant } from './add-participants.js';

/**
 * The participants of a conversation and their roles. Every change is an event of the conversation's stream, authorized
 * under its lock. So the last owner is never lost, and a removed participant receives nothing after the event of the
 * removal.
 */
@Injectable()
export class ParticipantsService {
  constructor(
    private readonly repository: ParticipantsRepository,
    private readonly pages: ParticipantPagesRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly additions: AddParticipants,
    private readonly changes: ParticipantChanges,
    private readonly announcements: SystemRoleAnnouncements,
    private readonly conversations: LockedConversations,
  ) {}

  /**
   * Owners first, then admins, moderators and participants, each in order of joining. @throws as `requireMember`
   */
  async list(actor: Actor, conversationId: string, query: ListParticipantsQuery): Promise<ParticipantPageDto> {
    const { settings } = await this.policy.requireMember(actor, conversationId);
    const { limit = DEFAULT_PAGE_SIZE, cursor, role } = query;
    const after = cursor === undefined ? undefined : decodeCursor(cursor, ['number', 'millis', 'uuid']);
    const rows = await this.pages.page(conversationId, {
      role,
      after: after as ListCursor | undefined,
      limit: limit + 1,
    });
    const present = (row: ParticipantRow): ParticipantDto =>
      presentParticipant(settings.receipts || row.user_id === actor.userId ? row : withoutMarks(row));
    const page = toPage(rows, limit, present, (row) => [row.order_rank, row.joined_ms, row.user_id]);
    return { ...page, at_seq: rows[0]?.at_seq ?? 0 };
  }

  /**
   * Adds users. Moderators may, and with the setting `allow_invites` all participants. A moderator who enters a private
   * conversation by system role has to give a reason, which a system message announces to the participants; the host's
   * backend decides who is in it, and gives none.
   * @throws ConversationNotFound, PermissionDenied, DirectConversationFixed, UserNotFound, TooManyParticipants,
   *   ReasonRequired
   */
  async add(actor: Actor, conversationId: string, dto: AddParticipantsDto): Promise<{ data: ParticipantDto[] }> {
    const userIds = [...new Set(dto.user_ids)];
    if (userIds.length === 0) throw ValidationError.of('user_ids', 'must not be empty');
    const { role = 'participant', reason } = dto;
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      this.policy.requireMayInvite(access);
      if (role !== 'participant' && !mayChangeRole(access.rank, 'participant', role)) this.policy.deny();
      const count = await this.additions.addAll(tx, actor, await this.withOwner(tx, access, userIds, role));
      const auditEntry = { action: 'participant.add', after: { user_ids: userIds, role }, reason };
      const isExpected = access.role !== undefined || access.isServer || this.policy.isOpenToAll(access);
      if (isExpected) this.policy.auditModeration(tx, actor, access, auditEntry);
      else if (userIds.includes(actor.userId)) await this.announcements.announceJoined(tx, actor, auditEntry);
      else if (count > 0) await this.announcements.announceAdded(tx, actor, auditEntry);
      else this.policy.auditModeration(tx, actor, access, auditEntry);
      const rows = await this.repository.find(tx, conversationId, userIds);
      return { data: rows.map(presentParticipant) };
    });
  }

  /** Adds the first participants of a new conversation, under its lock; see `AddParticipants`. */
  addAll(tx: StreamTransaction, actor: Actor, additions: NewParticipant[]): Promise<number> {
    return this.additions.addAll(tx, actor, additions);
  }

  /**
   * The actor joins a room that is not private; a participant may call it again. In a room that has become empty only
   * the creator becomes the owner again: another user does not gain the ownership of a room, and its history, by
   * joining it.
   * @throws ConversationNotFound, PermissionDenied
   */
  async join(actor: Actor, conversationId: string): Promise<void> {
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      if (access.role) return;
      if (!this.policy.isOpenToAll(access)) this.policy.deny('This conversation is by invitation only.');
      const joining: NewParticipant[] = access.isCreator
        ? await this.withOwner(tx, access, [actor.userId], 'participant')
        : [{ userId: actor.userId, role: 'participant' }];
      await this.additions.addAll(tx, actor, joining);
    });
  }

  /**
   * Changes the role, or mutes until a time or without end, or both. A mute replaces an earlier one. Assigning `owner` transfers the ownership: the former owner becomes an admin.
   * @throws ValidationError, ConversationNotFound, ParticipantNotFound, PermissionDenied, DirectConversationFixed
   */
  async update(
    actor: Actor,
    conversationId: string,
    userId: string,
    dto: ChangeParticipantDto,
  ): Promise<ParticipantDto> {
    throwProblems(problemsOfMute(dto));
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      if (access.rank < rankOf('moderator')) this.policy.deny();
      const target = await this.changes.requireParticipant(tx, conversationId, userId);
      const role = dto.role === target.role ? undefined : dto.role;
      const mute = muteIn(dto, target);
      if (role !== undefined && !mayChangeRole(access.rank, target.role, role)) this.policy.deny();
      if (mute && !mayModerate(access.rank, target.role)) this.policy.deny();
      if (role === undefined && !mute) return presentParticipant(target);
      const muted = mute && { is_muted: mute.isMuted, muted_until: mute.until?.toISOString() ?? null };
      const after = { user_id: userId, role, ...muted };
      this.policy.auditModeration(tx, actor, access, {
        action: 'participant.update',
        after,
        reason: mute?.reason ?? undefined,
      });
      if (role === 'owner') await this.changes.demoteOwner(tx, actor.userId);
      else if (target.role === 'owner' && role && !(await this.changes.transferOwnership(tx, actor.userId, userId))) {
        this.policy.deny('No other participant can own this conversation.');
      }
      return presentParticipant(await this.changes.updateParticipant(tx, actor.userId, target, { role, mute }));
    });
  }

  /** Removes a participant; removing oneself is leaving. @throws as `update` */
  async remove(actor: Actor, conversationId: string, userId: string): Promise<void> {
    if (userId === actor.userId) return this.leave(actor, conversationId);
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      if (access.rank < rankOf('moderator')) this.policy.deny();
      const target = await this.changes.requireParticipant(tx, conversationId, userId);
      if (!mayModerate(access.rank, target.role)) this.policy.deny();
      this.policy.auditModeration(tx, actor, access, { action: 'participant.remove', after: { user_id: userId } });
      await this.changes.removeParticipant(tx, actor.userId, target, 'removed');
    });
  }

  /**
   * The actor leaves. The ownership of the last owner passes to the remaining participant with the highest role, of
   * those to the one who joined first.
   * @throws ConversationNotFound, NotAParticipant, DirectConversationFixed
   */
  async leave(actor: Actor, conversationId: string): Promise<void> {
    await this.conversations.change(actor, conversationId, async (tx, access) => {
      if (!access.role) throw new NotAParticipant();
      await this.changes.removeParticipant(
        tx,
        actor.userId,
        await this.changes.requireParticipant(tx, conversationId, actor.userId),
        'left',
      );
    });
  }

  /** In a conversation that has become empty, the first user who is added becomes the owner. */
  private async withOwner(
    tx: StreamTransaction,
    access: Access,
    userIds: string[],
    role: ParticipantRole,
  ): Promise<NewParticipant[]> {
    const isEmpty = access.needsOwner && (await this.additions.count(tx)) === 0;
    return userIds.map((userId, index) => ({ userId, role: isEmpty && index === 0 ? 'owner' : role }));
  }
}

/** What changes of the mute of a participant; undefined: nothing. */
function muteIn(dto: ChangeParticipantDto, target: ParticipantRow): Mute | undefined {
  if (dto.is_muted === undefined) return undefined;
  const until = dto.muted_until ? new Date(dto.muted_until) : null;
  const reason = cleanName(dto.mute_reason ?? '') || null;
  const isSameEnd = until?.getTime() === target.muted_until?.getTime();
  const isSame = dto.is_muted ? target.is_muted && isSameEnd && reason === target.mute_reason : !target.is_muted;
  return isSame ? undefined : { isMuted: dto.is_muted, until, reason };
}
