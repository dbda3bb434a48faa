import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';

export interface NewConversationBan {
  readonly conversationId: string;
  readonly userId: string;
  readonly reason: string;
  readonly until: Date | null;
  readonly bannedBy: string;
  readonly at: Date;
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

/** Owns: conversation_bans. */
@Injectable()
export class ConversationBansRepository {
  /** There is one ban for each user and conversation: a later one replaces it. */
  async insert(tx: Queryable, ban: NewConversationBan): Promise<void> {
    const { conversationId, userId, reason, bannedBy, at, until } = ban;
    await tx.run(INSERT, [conversationId, userId, reason, bannedBy, at, until]);
  }

  /** Returns whether there was one. */
  async delete(tx: Queryable, conversationId: string, userId: string): Promise<boolean> {
    return (await tx.run(DELETE, [conversationId, userId])) > 0;
  }
}
