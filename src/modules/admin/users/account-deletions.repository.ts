import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { MessageErasureMode } from './admin-users.dto.js';

export interface AccountDeletionRow {
  readonly user_id: string;
  readonly messages: MessageErasureMode;
}

const INSERT = statement<unknown>(
  'admin.insert_deletion',
  `insert into account_deletions (user_id, messages, requested_at) values ($1, $2, $3)`,
);

const UNFINISHED = statement<AccountDeletionRow>(
  'admin.unfinished_deletions',
  `select user_id, messages from account_deletions
    where finished_at is null order by requested_at limit $1`,
);

const COUNT = statement<{ deletions: number }>(
  'admin.count_deletions',
  `select count(*) as deletions from account_deletions where finished_at is null`,
);

const FINISH = statement<unknown>(
  'admin.finish_deletion',
  `update account_deletions set finished_at = now() where user_id = $1`,
);

/** Owns: account_deletions. */
@Injectable()
export class AccountDeletionsRepository {
  constructor(private readonly sql: Sql) {}

  async insert(
    tx: Queryable,
    userId: string,
    { messages, at }: { messages: MessageErasureMode; at: Date },
  ): Promise<void> {
    await tx.run(INSERT, [userId, messages, at]);
  }

  /** Returns the oldest unfinished deletions. */
  unfinished(limit: number): Promise<AccountDeletionRow[]> {
    return this.sql.many(UNFINISHED, [limit]);
  }

  async countUnfinished(): Promise<number> {
    return (await this.sql.one(COUNT))?.deletions ?? 0;
  }

  async finish(userId: string): Promise<void> {
    await this.sql.run(FINISH, [userId]);
  }
}
