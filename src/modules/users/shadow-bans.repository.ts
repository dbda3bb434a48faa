import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

const SET = statement<unknown>(
  'users.set_shadow_ban',
  `update users set shadow_banned_at = $2, shadow_banned_until = $3, shadow_ban_reason = $4 where id = $1`,
);

const CLEAR = statement<unknown>(
  'users.clear_shadow_ban',
  `update users set shadow_banned_at = null, shadow_banned_until = null, shadow_ban_reason = null
    where id = $1 and shadow_banned_at is not null`,
);

const IS_ACTIVE = statement<{ is_active: boolean }>(
  'users.is_shadow_banned',
  `select user_is_banned(shadow_banned_at, shadow_banned_until) as is_active from users where id = $1`,
);

/** Owns: of users the shadow ban. */
@Injectable()
export class ShadowBansRepository {
  constructor(private readonly sql: Sql) {}

  async set(
    tx: Queryable,
    userId: string,
    { at, until, reason }: { at: Date; until: Date | null; reason: string },
  ): Promise<void> {
    await tx.run(SET, [userId, at, until, reason]);
  }

  /** Whether there was one. */
  async clear(tx: Queryable, userId: string): Promise<boolean> {
    return (await tx.run(CLEAR, [userId])) > 0;
  }

  async isActive(userId: string, tx: Queryable = this.sql): Promise<boolean> {
    return (await tx.one(IS_ACTIVE, [userId]))?.is_active ?? false;
  }
}
