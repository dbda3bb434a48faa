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
    where finished_at is null and (tried_at is null or tried_at < now() - interval '1 hour')
    order by requested_at limit $1`,
);

const COUNT = statement<{ deletions: number }>(
  'admin.count_deletions',
  `select count(*) as deletions from account_deletions where finished_at is null`,
);

/** Messages that a legal hold keeps are deleted after its release. */
const FINISH = statement<unknown>(
  'admin.finish_deletion',
  `with held as (
     select exists (select from participants p where p.user_id = $1 and under_legal_hold(p.conversation_id)) as is_held
   )
   update account_deletions d
      set finished_at = case when d.messages <> 'delete' or not h.is_held then now() end, tried_at = now()
     from held h where d.user_id = $1`,
);

/** Owns: account_deletions. Reads: participants, legal_holds. */
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

  /** Finishes a deletion, unless a legal hold keeps messages of the user: it is due again an hour later. */
  async finish(userId: string): Promise<void> {
    await this.sql.run(FINISH, [userId]);
  }
}
