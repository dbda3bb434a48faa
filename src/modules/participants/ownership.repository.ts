import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

const SUCCESSOR = statement<{ user_id: string }>(
  'participants.heir',
  `select p.user_id from participants p join users u on u.id = p.user_id
    where p.conversation_id = $1 and p.left_seq is null and p.user_id <> $2
    order by user_is_banned(u.banned_at, u.banned_until),
             array_position(array['owner', 'admin', 'moderator', 'participant'], p.role), p.joined_seq, p.user_id
    limit 1`,
);

/**
 * Like `SUCCESSOR`, but only of users who are not banned, and who were participants when the owner was banned; the ban
 * must still be in force. `owner` is the row of the owner in participants, `account` the one in users.
 */
const ELIGIBLE_SUCCESSOR = `
  select p.user_id from participants p join users u on u.id = p.user_id
   where p.conversation_id = owner.conversation_id and p.left_seq is null and p.user_id <> owner.user_id
     and p.joined_at <= account.banned_at and u.deleted_at is null and not user_is_banned(u.banned_at, u.banned_until)
   order by array_position(array['owner', 'admin', 'moderator', 'participant'], p.role), p.joined_seq, p.user_id
   limit 1`;

const OWNED_BY_BANNED = statement<{ conversation_id: string }>(
  'participants.owned_by_banned',
  `select owner.conversation_id
     from users account
     join participants owner on owner.user_id = account.id and owner.role = 'owner' and owner.left_seq is null
     join conversations c on c.id = owner.conversation_id and c.type <> 'direct' and c.deleted_at is null
    where account.banned_at is not null and user_is_banned(account.banned_at, account.banned_until)
      and exists (${ELIGIBLE_SUCCESSOR})
    limit $1`,
);

const BANNED_OWNER = statement<{ user_id: string; successor_id: string }>(
  'participants.banned_owner',
  `select owner.user_id, successor.user_id as successor_id
     from participants owner
     join users account on account.id = owner.user_id and user_is_banned(account.banned_at, account.banned_until)
    cross join lateral (${ELIGIBLE_SUCCESSOR}) successor
    where owner.conversation_id = $1 and owner.left_seq is null and owner.role = 'owner'`,
);

const OWNER = statement<{ user_id: string }>(
  'participants.owner',
  `select user_id from participants where conversation_id = $1 and left_seq is null and role = 'owner' limit 1`,
);

/** Owners of conversations and those who may succeed them. Owns: nothing. Reads: participants, conversations, users. */
@Injectable()
export class OwnershipRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * The next owner: of all other participants the one with the highest role, of those the one who joined first. A
   * banned user only if all are banned.
   */
  async findSuccessor(tx: Queryable, conversationId: string, leavingId: string): Promise<string | undefined> {
    return (await tx.one(SUCCESSOR, [conversationId, leavingId]))?.user_id;
  }

  /** Conversations whose owner is banned from the server and has a successor. */
  async findOwnedByBanned(limit: number): Promise<string[]> {
    return (await this.sql.many(OWNED_BY_BANNED, [limit])).map((row) => row.conversation_id);
  }

  /** Undefined if the owner is not banned, or has no successor. */
  findBannedOwner(
    tx: Queryable,
    conversationId: string,
  ): Promise<{ user_id: string; successor_id: string } | undefined> {
    return tx.one(BANNED_OWNER, [conversationId]);
  }

  async findOwner(tx: Queryable, conversationId: string): Promise<string | undefined> {
    return (await tx.one(OWNER, [conversationId]))?.user_id;
  }
}
