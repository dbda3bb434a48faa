import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { HoldTarget } from './legal-holds.dto.js';

export interface LegalHoldRow {
  readonly id: string;
  readonly target_type: HoldTarget;
  readonly target_id: string;
  readonly reason: string;
  readonly created_by: string;
  readonly created_at: Date;
  readonly released_by: string | null;
  readonly released_at: Date | null;
}

export type NewLegalHold = Pick<LegalHoldRow, 'id' | 'target_type' | 'target_id' | 'reason' | 'created_by'>;

const COLUMNS = 'id, target_type, target_id, reason, created_by, created_at, released_by, released_at';

const TARGET_EXISTS = statement<{ exists: boolean }>(
  'legal_holds.target_exists',
  `select case $1::text when 'user' then exists (select from users where id = $2 and deleted_at is null)
                        else exists (select from conversations where id = $2) end as exists`,
);

const INSERT = statement<LegalHoldRow>(
  'legal_holds.insert',
  `insert into legal_holds (id, target_type, target_id, reason, created_by) values ($1, $2, $3, $4, $5)
   on conflict do nothing returning ${COLUMNS}`,
);

const CURRENT = statement<LegalHoldRow>(
  'legal_holds.current',
  `select ${COLUMNS} from legal_holds where target_id = $1 and target_type = $2 and released_at is null`,
);

const RELEASE = statement<LegalHoldRow>(
  'legal_holds.release',
  `update legal_holds set released_by = $2, released_at = date_trunc('milliseconds', clock_timestamp())
    where id = $1 and released_at is null returning ${COLUMNS}`,
);

const FIND = statement<LegalHoldRow>('legal_holds.find', `select ${COLUMNS} from legal_holds where id = $1`);

const PAGE = statement<LegalHoldRow>(
  'legal_holds.page',
  `select ${COLUMNS} from legal_holds
    where ($1::boolean or released_at is null)
      and ($2::timestamptz is null or (created_at, id) < ($2, $3::uuid))
    order by created_at desc, id desc limit $4`,
);

const CONVERSATIONS_OF = statement<{ conversation_id: string }>(
  'legal_holds.conversations_of',
  `select conversation_id from participants
    where user_id = $1 and ($2::uuid is null or conversation_id > $2) order by conversation_id limit $3`,
);

/** Owns: legal_holds. Reads: users, conversations, participants. */
@Injectable()
export class LegalHoldsRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether there is such a user or, deleted or not, such a conversation. */
  async targetExists(tx: Queryable, type: HoldTarget, id: string): Promise<boolean> {
    return (await tx.one(TARGET_EXISTS, [type, id]))!.exists;
  }

  /** Undefined if the target is held already. */
  insert(
    tx: Queryable,
    { id, target_type, target_id, reason, created_by }: NewLegalHold,
  ): Promise<LegalHoldRow | undefined> {
    return tx.one(INSERT, [id, target_type, target_id, reason, created_by]);
  }

  /** The hold of a target that is in force. */
  current(tx: Queryable, type: HoldTarget, id: string): Promise<LegalHoldRow | undefined> {
    return tx.one(CURRENT, [id, type]);
  }

  /** Undefined if it is released already, or does not exist. */
  release(tx: Queryable, id: string, by: string): Promise<LegalHoldRow | undefined> {
    return tx.one(RELEASE, [id, by]);
  }

  find(tx: Queryable, id: string): Promise<LegalHoldRow | undefined> {
    return tx.one(FIND, [id]);
  }

  /** The conversations in which a user takes or took part, by id; `after` is the last one of the page before. */
  async conversationsOf(userId: string, after: string | null, limit: number): Promise<string[]> {
    return (await this.sql.many(CONVERSATIONS_OF, [userId, after, limit])).map((row) => row.conversation_id);
  }

  /** Newest first; one row more than the page has. */
  page(includeReleased: boolean, after: { at: Date; id: string } | undefined, limit: number): Promise<LegalHoldRow[]> {
    return this.sql.many(PAGE, [includeReleased, after?.at ?? null, after?.id ?? null, limit + 1]);
  }
}
