import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';
import type { SystemRole } from '../../../platform/identity/actor.js';
import { foldName } from '../../../platform/text-search/fold.js';
import type { UserStatus } from './admin-users.dto.js';
import { type AdminUserRow, COLUMNS, IS_BANNED, IS_LISTED } from './admin-users.repository.js';

export interface UserOffsetFilter {
  readonly search?: string;
  readonly status?: UserStatus;
  readonly role?: SystemRole;
}

const VISIBLE_STATUS = `coalesce((select p.announced_status from presence_settings p where p.user_id = u.id), 'offline')`;

const MATCHES_FILTER = `
  ${IS_LISTED} and ($1::text is null or (u.username || ' ' || u.folded_name) like '%' || $1 || '%' or u.email like '%' || $1 || '%')
  and ($2::text is null or case $2
         when 'deactivated' then u.deleted_at is null and u.deactivated_at is not null
         when 'active' then u.deleted_at is null and u.deactivated_at is null and not user_is_banned(u.banned_at, u.banned_until)
         when 'banned' then ${IS_BANNED}
         when 'deleted' then u.deleted_at is not null
         else u.deleted_at is null and ${VISIBLE_STATUS} = $2 end)
  and ($3::text is null or u.role = $3)`;

const PAGE = statement<AdminUserRow>(
  'admin.users_slice',
  `select ${COLUMNS} from users u where ${MATCHES_FILTER} order by u.id desc offset $4 limit $5`,
);

const COUNT = statement<{ total: number }>(
  'admin.users_slice_total',
  `select count(*) as total from users u where ${MATCHES_FILTER}`,
);

/** Reads: users, presence_settings. */
@Injectable()
export class AdminUserOffsetPagesRepository {
  constructor(private readonly sql: Sql) {}

  /** Newest first. */
  page(filter: UserOffsetFilter, offset: number, limit: number): Promise<AdminUserRow[]> {
    return this.sql.many(PAGE, [...valuesOf(filter), offset, limit]);
  }

  async total(filter: UserOffsetFilter): Promise<number> {
    return (await this.sql.one(COUNT, valuesOf(filter)))!.total;
  }
}

function valuesOf({ search, status, role }: UserOffsetFilter): (string | null)[] {
  const text = search && foldName(search).replace(/[\\%_]/g, '\\$&');
  return [text || null, status ?? null, role ?? null];
}
