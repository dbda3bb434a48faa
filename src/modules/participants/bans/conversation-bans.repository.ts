import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';

export interface NewConversationBan {
  readonly conversationId: string;
  readonly userId: string;
  /** Empty: none was given. */
  readonly reason: string;
  readonly until: Date | null;
  readonly bannedBy: string;
  readonly at: Date;
}

export interface BannedUserRow {
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly avatar_url: string | null;
  readonly reason: string;
  readonly banned_by: string;
  readonly banned_at: Date;
  readonly banned_until: Date | null;
}

const INSERT = statement<unknown>(
  'participants.insert_ban',
  `insert into conversation_bans (conversation_id, user_id, reason, banned_by, banned_at, banned_until)
   values ($1, $2, $3, $4, $5, $6)
       on conflict (conversation_id, user_id) do update
      set reason = excluded.reason, banned_by = excluded.banned_by, banned_at = excluded.banned_at,
          banned_until = excluded.banned_until`,
);

const DELETE = statement<unknown>(
  'participants.delete_ban',
  `delete from conversation_bans where conversation_id = $1 and user_id = $2`,
);

const BANNED_USERS = `
  select b.user_id, u.username, u.display_name, u.avatar_url, b.reason, b.banned_by, b.banned_at, b.banned_until
    from conversation_bans b join users u on u.id = b.user_id`;

const FIND = statement<BannedUserRow>(
  'participants.find_ban',
  `${BANNED_USERS} where b.conversation_id = $1 and b.user_id = $2`,
);

const PAGE = statement<BannedUserRow>(
  'participants.bans',
  `${BANNED_USERS}
    where b.conversation_id = $1 and (b.banned_until is null or b.banned_until > now())
      and ($2::bigint is null or (b.banned_at, b.user_id) < (to_timestamp($2 / 1000.0), $3::uuid))
    order by b.banned_at desc, b.user_id desc limit $4`,
);

const FORGET_REASONS = statement<unknown>(
  'participants.forget_ban_reasons',
  `update conversation_bans set reason = '' where user_id = $1 and reason <> ''`,
);

/** Owns: conversation_bans. Reads: users. */
@Injectable()
export class ConversationBansRepository {
  constructor(private readonly sql: Sql) {}

  /** There is one ban for each user and conversation: a later one replaces it. */
  async insert(tx: Queryable, ban: NewConversationBan): Promise<void> {
    const { conversationId, userId, reason, bannedBy, at, until } = ban;
    await tx.run(INSERT, [conversationId, userId, reason, bannedBy, at, until]);
  }

  /** Returns whether there was one. */
  async delete(tx: Queryable, conversationId: string, userId: string): Promise<boolean> {
    return (await tx.run(DELETE, [conversationId, userId])) > 0;
  }

  /** Removes the reasons of all bans of a deleted account. */
  async forgetReasons(userId: string): Promise<void> {
    await this.sql.run(FORGET_REASONS, [userId]);
  }

  find(tx: Queryable, conversationId: string, userId: string): Promise<BannedUserRow | undefined> {
    return tx.one(FIND, [conversationId, userId]);
  }

  /** The bans in force, the newest first; `after` is the time and the user of the last one of the previous page. */
  page(
    conversationId: string,
    { after, limit }: { after?: readonly [bannedMs: number, userId: string]; limit: number },
  ): Promise<BannedUserRow[]> {
    const [bannedMs, userId] = after ?? [null, null];
    return this.sql.many(PAGE, [conversationId, bannedMs, userId, limit]);
  }
}
