import { Injectable } from '@nestjs/common';
import { AdminUserOffsetPages } from '../../modules/admin/users/admin-user-offset-pages.js';
import { AdminUsersService } from '../../modules/admin/users/admin-users.service.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE } from '../../platform/pagination/page.js';
import type {
  ChatBanDto,
  ChatBanResultDto,
  ChatUnbanDto,
  ChatUserPageDto,
  ListChatUsersQuery,
} from './chat-admin.dto.js';

/** The reason in the audit log if the admin gives none. */
const DEFAULT_REASON = 'No reason given';

/** Account administration in the format of the dialect. */
@Injectable()
export class ChatUserAdministration {
  constructor(
    private readonly offsetPages: AdminUserOffsetPages,
    private readonly users: AdminUsersService,
  ) {}

  /** @throws PermissionDenied */
  async list(actor: Actor, query: ListChatUsersQuery): Promise<ChatUserPageDto> {
    const { skip = 0, limit = DEFAULT_PAGE_SIZE, search, status_filter: status, role_filter: role } = query;
    const { data, total } = await this.offsetPages.page(actor, { search, status, role }, { offset: skip, limit });
    return { users: data, total, skip, limit };
  }

  /** @throws PermissionDenied, UserNotFound, ValidationError */
  async ban(actor: Actor, userId: string, { reason = DEFAULT_REASON, until }: ChatBanDto): Promise<ChatBanResultDto> {
    await this.users.ban(actor, userId, { reason, until });
    return { message: 'User banned', user_id: userId, status: 'banned' };
  }

  /** @throws PermissionDenied, UserNotFound */
  async unban(actor: Actor, userId: string, { reason = DEFAULT_REASON }: ChatUnbanDto): Promise<ChatBanResultDto> {
    await this.users.unban(actor, userId, { reason });
    return { message: 'User unbanned', user_id: userId, status: 'active' };
  }
}
