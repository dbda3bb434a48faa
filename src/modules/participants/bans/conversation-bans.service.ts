import { Injectable } from '@nestjs/common';
import type { StreamTransaction } from '../../../platform/event-log/event-log.js';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, type Page, toPage } from '../../../platform/pagination/page.js';
import { throwProblems } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd } from '../../../platform/validation/time-field.js';
import { cleanName } from '../../../platform/validation/text.js';
import { UserAdministration } from '../../users/user-administration.service.js';
import { isGuest } from '../../users/guest.constants.js';
import { SYSTEM_USER_ID } from '../../users/system-user.constants.js';
import { UserNotFound } from '../../users/users.errors.js';
import { JoinRequestChanges } from '../join-requests/join-request-changes.js';
import { LockedConversations } from '../locked-conversations.js';
import { ParticipantChanges } from '../participant-changes.js';
import { rankIn } from '../participant-roles.js';
import { PARTICIPANT_BANNED, PARTICIPANT_UNBANNED } from '../participants.events.js';
import { ParticipantsPolicy } from '../participants.policy.js';
import { type ParticipantRow, ParticipantsRepository } from '../participants.repository.js';
import type { Access } from '../access.policy.js';
import type { BanPayload } from './ban-events.js';
import type { BannedUserDto, BanParticipantDto, ListBansQuery } from './bans.dto.js';
import { type BannedUserRow, ConversationBansRepository } from './conversation-bans.repository.js';

/** The user and the conversation of a ban, and its reason; null: none was given. */
export interface ConversationBan {
  readonly conversationId: string;
  readonly userId: string;
  readonly reason: string | null;
}

/** Decides under the lock whether the actor may ban this user. @throws UserNotFound, PermissionDenied */
type Authorize = (tx: StreamTransaction, access: Access, participant: ParticipantRow | undefined) => Promise<void>;

/**
 * Bans of users from one conversation. The ban and the removal are one change under the conversation's lock, audited,
 * with `participant.banned` before `participant.left`, so that the banned user receives it. `AddParticipants` checks bans
 * under the same lock, so the user cannot join in between. The join request of the user ends with the ban.
 */
@Injectable()
export class ConversationBans {
  constructor(
    private readonly repository: ConversationBansRepository,
    private readonly participants: ParticipantsRepository,
    private readonly policy: ParticipantsPolicy,
    private readonly users: UserAdministration,
    private readonly changes: ParticipantChanges,
    private readonly joinRequests: JoinRequestChanges,
    private readonly conversations: LockedConversations,
  ) {}

  /** For moderators of the conversation. @throws ConversationNotFound, PermissionDenied, DirectConversationFixed */
  async list(
    actor: Actor,
    conversationId: string,
    { limit = DEFAULT_PAGE_SIZE, cursor }: ListBansQuery,
  ): Promise<Page<BannedUserDto>> {
    const access = await this.policy.loadAccess(actor, conversationId);
    this.policy.requireNotDirect(access);
    this.policy.requireModerator(access);
    const after = cursor === undefined ? undefined : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const rows = await this.repository.page(conversationId, { after, limit: limit + 1 });
    return toPage(rows, limit, presentBannedUser, (row) => [row.banned_at.getTime(), row.user_id]);
  }

  /**
   * For moderators of the conversation, who ban users of a lower rank.
   * @throws ValidationError, ConversationNotFound, UserNotFound, PermissionDenied, DirectConversationFixed
   */
  async ban(actor: Actor, conversationId: string, dto: BanParticipantDto): Promise<BannedUserDto> {
    throwProblems(problemsOfEnd('until', dto.until));
    const ban = { conversationId, userId: dto.user_id, reason: cleanName(dto.reason ?? '') || null };
    const until = dto.until ? new Date(dto.until) : null;
    return this.write(actor, { ...ban, until }, (tx, access, participant) =>
      this.requireOutranksHere(tx, access, { userId: dto.user_id, participant }),
    );
  }

  /** For moderators and admins of the system, who ban users of a lower system role. @throws as `ban` */
  async banByAdmin(actor: Actor, ban: ConversationBan & { until: Date | null }): Promise<void> {
    await this.write(actor, ban, (tx) => this.requireOutranksInSystem(tx, actor, ban.userId));
  }

  /** The user may join again; they are not added automatically. @throws as `ban` */
  async unban(actor: Actor, conversationId: string, userId: string): Promise<void> {
    await this.end(actor, { conversationId, userId, reason: null }, (tx, access, participant) =>
      this.requireOutranksHere(tx, access, { userId, participant }),
    );
  }

  /** @throws as `ban` */
  async unbanByAdmin(actor: Actor, ban: ConversationBan): Promise<void> {
    await this.end(actor, ban, (tx) => this.requireOutranksInSystem(tx, actor, ban.userId));
  }

  private async write(
    actor: Actor,
    ban: ConversationBan & { until: Date | null },
    authorize: Authorize,
  ): Promise<BannedUserDto> {
    const { conversationId, userId, until } = ban;
    const reason = ban.reason ?? '';
    return this.change(actor, ban, authorize, async (tx, participant) => {
      await this.repository.insert(tx, { ...ban, reason, bannedBy: actor.userId, at: tx.head.at });
      const payload: BanPayload = { until: until?.toISOString() ?? null };
      tx.append({ type: PARTICIPANT_BANNED, actorId: actor.userId, subjectId: userId, payload });
      await this.joinRequests.end(tx, { actorId: actor.userId, userId, outcome: 'declined' });
      if (participant) await this.changes.removeParticipant(tx, actor.userId, participant, 'removed');
      const before = { is_participant: participant !== undefined };
      audit(tx, actor, 'conversation.ban_user', { ...ban, before, after: { user_id: userId, ...payload } });
      return presentBannedUser((await this.repository.find(tx, conversationId, userId))!);
    });
  }

  private async end(actor: Actor, ban: ConversationBan, authorize: Authorize): Promise<void> {
    const { conversationId, userId } = ban;
    await this.change(actor, ban, authorize, async (tx) => {
      if (!(await this.repository.delete(tx, conversationId, userId))) return;
      tx.append({ type: PARTICIPANT_UNBANNED, actorId: actor.userId, subjectId: userId });
      audit(tx, actor, 'conversation.unban_user', { ...ban, before: { user_id: userId }, after: null });
    });
  }

  private async change<T>(
    actor: Actor,
    { conversationId, userId }: ConversationBan,
    authorize: Authorize,
    work: (tx: StreamTransaction, participant: ParticipantRow | undefined) => Promise<T>,
  ): Promise<T> {
    return this.conversations.change(actor, conversationId, async (tx, access) => {
      this.policy.requireModerator(access);
      const participant = await this.findParticipant(tx, conversationId, userId);
      await authorize(tx, access, participant);
      return work(tx, participant);
    });
  }

  private async requireOutranksHere(
    tx: StreamTransaction,
    access: Access,
    { userId, participant }: { userId: string; participant: ParticipantRow | undefined },
  ): Promise<void> {
    const user = await this.users.requireUser(tx, userId);
    if (isGuest({ userId }) || userId === SYSTEM_USER_ID) throw new UserNotFound();
    const rank = rankIn(access.type, participant?.role, user.role);
    if (!access.isServer && access.rank <= rank) this.policy.deny();
  }

  private async requireOutranksInSystem(tx: StreamTransaction, actor: Actor, userId: string): Promise<void> {
    await this.users.requireOutranks(tx, actor, userId, 'moderator');
  }

  private async findParticipant(
    tx: StreamTransaction,
    conversationId: string,
    userId: string,
  ): Promise<ParticipantRow | undefined> {
    const [row] = await this.participants.find(tx, conversationId, [userId]);
    return row?.is_member ? row : undefined;
  }
}

function presentBannedUser({ banned_at: bannedAt, banned_until: until, reason, ...row }: BannedUserRow): BannedUserDto {
  return {
    ...row,
    reason: reason || null,
    banned_at: bannedAt.toISOString(),
    until: until?.toISOString() ?? null,
  };
}

function audit(
  tx: StreamTransaction,
  actor: Actor,
  action: string,
  { conversationId, reason, before, after }: ConversationBan & { before: object; after: object | null },
): void {
  tx.audit({
    actor,
    action,
    target: { type: 'conversation', id: conversationId },
    reason: reason ?? undefined,
    before: before as Record<string, unknown>,
    after: after as Record<string, unknown> | null,
  });
}
