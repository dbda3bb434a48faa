import { Injectable } from '@nestjs/common';
import type { Actor } from '../../../platform/identity/actor.js';
import { decodeCursor, DEFAULT_PAGE_SIZE, toPage, type Page } from '../../../platform/pagination/page.js';
import { UsersPolicy } from '../../users/users.policy.js';
import type { AuditEntryDto, ListAuditLogQuery } from './audit.dto.js';
import { AuditLogRepository, type AuditRow } from './audit-log.repository.js';

/** Lists the audit log for admins. */
@Injectable()
export class ReadAuditLog {
  constructor(
    private readonly repository: AuditLogRepository,
    private readonly users: UsersPolicy,
  ) {}

  /** Newest first. @throws PermissionDenied, ValidationError */
  async list(actor: Actor, query: ListAuditLogQuery): Promise<Page<AuditEntryDto>> {
    await this.users.requireRank(actor, 'admin');
    const { limit = DEFAULT_PAGE_SIZE, cursor, from, to } = query;
    const [at, id] = cursor === undefined ? [] : (decodeCursor(cursor, ['millis', 'uuid']) as [number, string]);
    const after = at === undefined ? undefined : { at: new Date(at), id: id! };
    const { actor_id: actorId, action, target_type: targetType, target_id: targetId } = query;
    const rows = await this.repository.page({ actorId, action, targetType, targetId, from, to }, after, limit);
    return toPage(rows, limit, toAuditEntryDto, (row) => [row.at.getTime(), row.id]);
  }
}

function toAuditEntryDto(row: AuditRow): AuditEntryDto {
  return {
    id: row.id,
    at: row.at.toISOString(),
    actor_id: row.actor_id,
    actor_role: row.actor_role,
    action: row.action,
    target_type: row.target_type,
    target_id: row.target_id,
    reason: row.reason,
    before: row.before,
    after: row.after,
    request_id: row.request_id,
    server_key: row.server_key_id === null ? null : { id: row.server_key_id, name: row.server_key_name ?? '' },
  };
}
