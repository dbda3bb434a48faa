import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, toPage, type Page } from '../../../platform/pagination/page.js';
import { problemsOf, throwProblems } from '../../../platform/validation/input-rules.js';
import { problemsOfEnd } from '../../../platform/validation/time-field.js';
import { AccountAdministration } from '../../auth/account-administration.service.js';
import { ConversationBans } from '../../participants/bans/conversation-bans.service.js';
import { ShadowBans } from '../../users/shadow-bans.service.js';
import { UserAdministration } from '../../users/user-administration.service.js';
import { UserNotFound } from '../../users/users.errors.js';
import { UsersPolicy } from '../../users/users.policy.js';
import { presentAdminUser, presentDetails } from './admin-user-presenter.js';
import {
  type AdminUserDetailsDto,
  type AdminUserDto,
  type BanUserDto,
  type EndedSessionsDto,
  type ListAdminUsersQuery,
  type ReasonDto,
  type ShadowBanUserDto,
  type UnbanUserDto,
  type UpdateAdminUserDto,
  requireReason,
} from './admin-users.dto.js';
import { AdminUsersRepository } from './admin-users.repository.js';

/** Lists, reads and changes accounts for admins. */
@Injectable()
export class AdminUsersService {
  constructor(
    private readonly repository: AdminUsersRepository,
    private readonly policy: UsersPolicy,
    private readonly users: UserAdministration,
    private readonly accounts: AccountAdministration,
    private readonly conversationBans: ConversationBans,
    private readonly shadowBans: ShadowBans,
  ) {}

  /** Newest accounts first. @throws PermissionDenied, ValidationError */
  async list(actor: Actor, query: ListAdminUsersQuery): Promise<Page<AdminUserDto>> {
    await this.policy.requireRank(actor, 'admin');
    const { limit = DEFAULT_PAGE_SIZE, cursor, status, role } = query;
    const [after] = cursor === undefined ? [] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page({ search: query.q?.trim(), status, role, after, limit });
    return toPage(rows, limit, presentAdminUser, ({ id }) => [id]);
  }

  /** Includes deleted accounts. @throws PermissionDenied, UserNotFound */
  async get(actor: Actor, userId: string): Promise<AdminUserDetailsDto> {
    await this.policy.requireRank(actor, 'admin');
    return this.describe(userId);
  }

  private async describe(userId: string): Promise<AdminUserDetailsDto> {
    const row = await this.repository.find(userId);
    if (!row) throw new UserNotFound();
    const [sessions, bans, activity] = await Promise.all([
      this.accounts.listSessions(userId),
      this.repository.conversationBans(userId),
      this.repository.activity(userId),
    ]);
    return presentDetails(row, { sessions, bans, activity });
  }

  /** @throws PermissionDenied, UserNotFound, LastAdmin, ValidationError */
  async update(actor: Actor, userId: string, dto: UpdateAdminUserDto): Promise<AdminUserDetailsDto> {
    const { reason, ...changes } = dto;
    await this.users.update(actor, userId, changes, requireReason(reason));
    return this.describe(userId); // also for an admin who has just given up the role
  }

  /**
   * Bans from the installation, or from one conversation.
   * @throws PermissionDenied, UserNotFound, ConversationNotFound, ValidationError
   */
  async ban(actor: Actor, userId: string, dto: BanUserDto): Promise<void> {
    throwProblems([...problemsOfEnd('until', dto.until), ...problemsOf(() => requireReason(dto.reason))]);
    const ban = { reason: requireReason(dto.reason), until: dto.until ? new Date(dto.until) : null };
    if (dto.conversation_id === undefined) await this.users.ban(actor, userId, ban);
    else await this.conversationBans.banByAdmin(actor, { conversationId: dto.conversation_id, userId, ...ban });
  }

  /** @throws as `ban` */
  async unban(actor: Actor, userId: string, dto: UnbanUserDto): Promise<void> {
    const reason = requireReason(dto.reason);
    if (dto.conversation_id === undefined) await this.users.unban(actor, userId, reason);
    else await this.conversationBans.unbanByAdmin(actor, { conversationId: dto.conversation_id, userId, reason });
  }

  /** @throws PermissionDenied, UserNotFound, ValidationError */
  async shadowBan(actor: Actor, userId: string, dto: ShadowBanUserDto): Promise<void> {
    throwProblems([...problemsOfEnd('until', dto.until), ...problemsOf(() => requireReason(dto.reason))]);
    const ban = { reason: requireReason(dto.reason), until: dto.until ? new Date(dto.until) : null };
    await this.shadowBans.set(actor, userId, ban);
  }

  /** @throws PermissionDenied, UserNotFound */
  liftShadowBan(actor: Actor, userId: string): Promise<void> {
    return this.shadowBans.lift(actor, userId);
  }

  /** @throws PermissionDenied, UserNotFound, ValidationError */
  async logout(actor: Actor, userId: string, dto: ReasonDto): Promise<EndedSessionsDto> {
    return { sessions_ended: await this.accounts.endSessions(actor, userId, requireReason(dto.reason)) };
  }
}
