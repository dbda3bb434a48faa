import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, toPage, type Page } from '../../../platform/pagination/page.js';
import { UsersPolicy } from '../../users/users.policy.js';
import type { AdminConversationDto, ListAdminConversationsQuery } from './admin-conversations.dto.js';
import { type AdminConversationRow, AdminConversationsRepository } from './admin-conversations.repository.js';

/** Lists conversations for admins, without their content. */
@Injectable()
export class AdminConversationsService {
  constructor(
    private readonly repository: AdminConversationsRepository,
    private readonly policy: UsersPolicy,
  ) {}

  /** Newest first. @throws PermissionDenied, ValidationError */
  async list(actor: Actor, query: ListAdminConversationsQuery): Promise<Page<AdminConversationDto>> {
    await this.policy.requireRank(actor, 'admin');
    const { limit = DEFAULT_PAGE_SIZE, cursor, type } = query;
    const [after] = cursor === undefined ? [] : (decodeCursor(cursor, ['uuid']) as [string]);
    const rows = await this.repository.page({ search: query.q?.trim(), type, after, limit });
    return toPage(rows, limit, present, ({ id }) => [id]);
  }
}

function present(row: AdminConversationRow): AdminConversationDto {
  return {
    id: row.id,
    type: row.type,
    title: row.title,
    slug: row.slug,
    created_by: row.created_by,
    participant_count: row.participant_count,
    message_count: row.message_count,
    last_message_at: row.last_message_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
