import { Injectable } from '@nestjs/common';
import { AdminUserSlices } from '../../modules/admin/users/admin-user-slices.js';
import { AdminUsersService } from '../../modules/admin/users/admin-users.service.js';
import type { Actor } from '../../platform/http/actor.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import type { ChatBanDto, ChatBannedDto, ChatUnbanDto, ChatUserPageDto, ListChatUsersQuery } from './chat-admin.dto.js';

/** What stands in the audit log of what was done here without a word. */
const REASON = 'No reason given';

/** Accounts in the words of the dialect, for admins. */
@Injectable()
export class ChatAdmin {
  constructor(
    private readonly slices: AdminUserSlices,
    private readonly users: AdminUsersService,
  ) {}

  /** @throws PermissionDenied */
  async list(actor: Actor, query: ListChatUsersQuery): Promise<ChatUserPageDto> {
    const { skip = 0, limit = DEFAULT_PAGE_SIZE, search, status_filter: status, role_filter: role } = query;
    const { data, total } = await this.slices.slice(actor, { search, status, role }, { offset: skip, limit });
    return { users: data, total, skip, limit };
  }

  /** @throws PermissionDenied, UserNotFound, ValidationError */
  async ban(actor: Actor, userId: string, { reason = REASON, until }: ChatBanDto): Promise<ChatBannedDto> {
    await this.users.ban(actor, userId, { reason, until });
    return { message: 'User banned', user_id: userId, status: 'banned' };
  }

  /** @throws PermissionDenied, UserNotFound */
  async unban(actor: Actor, userId: string, { reason = REASON }: ChatUnbanDto): Promise<ChatBannedDto> {
    await this.users.unban(actor, userId, { reason });
    return { message: 'User unbanned', user_id: userId, status: 'active' };
  }
}
