import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ConversationType, ParticipantRole } from '../participant-roles.js';

export interface JoinRequestRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly user_id: string;
  readonly username: string;
  readonly display_name: string;
  readonly avatar_url: string | null;
  /** Empty: none. */
  readonly message: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly type: ConversationType;
  readonly title: string | null;
  readonly description: string;
  readonly picture: string | null;
  readonly participant_count: number;
}

export type NewJoinRequest = Pick<
  JoinRequestRow,
  'id' | 'conversation_id' | 'user_id' | 'message' | 'created_at' | 'expires_at'
>;

/** The user and the conversation of a request. */
export type ExpiredJoinRequest = Pick<JoinRequestRow, 'conversation_id' | 'user_id'>;

/**
 * Open requests: not expired, to a conversation that accepts them, of a user who neither takes part nor is banned by an
 * admin. A conversation that no longer accepts requests shows nothing of itself to those who have asked.
 */
const OPEN = `
  select r.id, r.conversation_id, r.user_id, u.username, u.display_name, u.avatar_url, r.message, r.created_at,
         r.expires_at, c.type, c.title, c.description, c.picture,
         coalesce(c.counted_participants, (
           select count(*) from participants n where n.conversation_id = c.id and n.left_seq is null)) as participant_count
    from join_requests r
    join conversations c on c.id = r.conversation_id and c.deleted_at is null and c.settings ->> 'join_requests' = 'true'
    join users u on u.id = r.user_id and u.deleted_at is null and not user_is_banned(u.banned_at, u.banned_until)
   where r.expires_at > now() and not exists (
           select from participants p
            where p.conversation_id = r.conversation_id and p.user_id = r.user_id and p.left_seq is null)`;

const FIND = statement<JoinRequestRow>('participants.join_requests_by_id', `${OPEN} and r.id = any($1::uuid[])`);

const FIND_OF_USER = statement<JoinRequestRow>(
  'participants.join_request_of_user',
  `${OPEN} and r.conversation_id = $1 and r.user_id = $2`,
);

const PAGE_OF_USER = statement<JoinRequestRow>(
  'participants.join_requests_of_user',
  `${OPEN} and r.user_id = $1 and ($2::uuid is null or r.id < $2) order by r.id desc limit $3`,
);

const PAGE_OF_CONVERSATION = statement<JoinRequestRow>(
  'participants.join_requests_of_conversation',
  `${OPEN} and r.conversation_id = $1 and ($2::uuid is null or r.id < $2) order by r.id desc limit $3`,
);

const DELETE_EXPIRED = statement<unknown>(
  'participants.delete_expired_join_requests',
  `delete from join_requests where conversation_id = $1 and expires_at <= now()`,
);

const INSERT = statement<{ id: string }>(
  'participants.insert_join_request',
  `insert into join_requests (id, conversation_id, user_id, message, created_at, expires_at)
   values ($1, $2, $3, $4, $5, $6)
       on conflict (conversation_id, user_id) do nothing
   returning id`,
);

const COUNTS = statement<{ of_user: number; of_conversation: number }>(
  'participants.count_join_requests',
  `select (select count(*) from join_requests where user_id = $2 and expires_at > now()) as of_user,
          (select count(*) from join_requests where conversation_id = $1) as of_conversation`,
);

const DELETE = statement<{ id: string }>(
  'participants.delete_join_request',
  `delete from join_requests where conversation_id = $1 and user_id = $2 returning id`,
);

const DELETE_OF_JOINED = statement<unknown>(
  'participants.delete_join_requests_of_joined',
  `delete from join_requests where conversation_id = $1 and user_id = any($2::uuid[])`,
);

const DELETE_ALL_OF = statement<unknown>(
  'participants.delete_join_requests_of',
  `delete from join_requests where user_id = $1`,
);

const MODERATORS = statement<{ user_id: string }>(
  'participants.moderators',
  `select p.user_id from participants p
    where p.conversation_id = $1 and p.left_seq is null and p.role = any($2::text[])
    order by role_rank(p.role) desc, p.joined_at limit $3`,
);

const DECIDING = statement<{ user_id: string; conversation_id: string; role: ParticipantRole }>(
  'participants.deciding',
  `select p.user_id, p.conversation_id, p.role from participants p
    where p.left_seq is null and p.conversation_id = any($1::uuid[]) and p.user_id = any($2::uuid[])`,
);

const EXPIRED = statement<ExpiredJoinRequest>(
  'participants.expired_join_requests',
  `select conversation_id, user_id from join_requests where expires_at <= now() order by expires_at limit $1`,
);

const HAS_EXPIRED = statement<unknown>(
  'participants.join_request_has_expired',
  `select from join_requests where conversation_id = $1 and user_id = $2 and expires_at <= now()`,
);

/** Owns: join_requests. Reads: conversations, participants, users. */
@Injectable()
export class JoinRequestsRepository {
  constructor(private readonly sql: Sql) {}

  /** The open requests with these ids. */
  find(ids: readonly string[], tx: Queryable = this.sql): Promise<JoinRequestRow[]> {
    return tx.many(FIND, [ids]);
  }

  findOfUser(tx: Queryable, conversationId: string, userId: string): Promise<JoinRequestRow | undefined> {
    return tx.one(FIND_OF_USER, [conversationId, userId]);
  }

  /** The open requests of a user, or to a conversation, the newest first; `after` is the last one before the page. */
  page(
    of: { userId: string } | { conversationId: string },
    after: string | null,
    limit: number,
  ): Promise<JoinRequestRow[]> {
    if ('userId' in of) return this.sql.many(PAGE_OF_USER, [of.userId, after, limit]);
    return this.sql.many(PAGE_OF_CONVERSATION, [of.conversationId, after, limit]);
  }

  /** Returns whether the request is new; false if the user has an open one. */
  async insert(tx: Queryable, request: NewJoinRequest): Promise<boolean> {
    const { id, conversation_id, user_id, message, created_at, expires_at } = request;
    await tx.run(DELETE_EXPIRED, [conversation_id]);
    return (await tx.many(INSERT, [id, conversation_id, user_id, message, created_at, expires_at])).length > 0;
  }

  async counts(
    tx: Queryable,
    conversationId: string,
    userId: string,
  ): Promise<{ of_user: number; of_conversation: number }> {
    return (await tx.one(COUNTS, [conversationId, userId]))!;
  }

  /** Returns the id of the deleted request; undefined if there was none. */
  async delete(tx: Queryable, conversationId: string, userId: string): Promise<string | undefined> {
    return (await tx.one(DELETE, [conversationId, userId]))?.id;
  }

  /** Deletes those of users who have become participants. */
  async deleteOfJoined(tx: Queryable, conversationId: string, userIds: readonly string[]): Promise<void> {
    await tx.run(DELETE_OF_JOINED, [conversationId, userIds]);
  }

  /** Deletes those of a deleted account. */
  async deleteAllOf(userId: string): Promise<void> {
    await this.sql.run(DELETE_ALL_OF, [userId]);
  }

  /** The participants with one of these roles, the highest first, of those the ones who joined first. */
  async findModerators(
    tx: Queryable,
    conversationId: string,
    { roles, limit }: { roles: readonly ParticipantRole[]; limit: number },
  ): Promise<string[]> {
    return (await tx.many(MODERATORS, [conversationId, roles, limit])).map(({ user_id }) => user_id);
  }

  /** The roles of these users in these conversations, as far as they take part. */
  rolesOf(
    conversationIds: readonly string[],
    userIds: readonly string[],
  ): Promise<{ user_id: string; conversation_id: string; role: ParticipantRole }[]> {
    return this.sql.many(DECIDING, [conversationIds, userIds]);
  }

  findExpired(limit: number): Promise<ExpiredJoinRequest[]> {
    return this.sql.many(EXPIRED, [limit]);
  }

  async hasExpired(tx: Queryable, conversationId: string, userId: string): Promise<boolean> {
    return (await tx.many(HAS_EXPIRED, [conversationId, userId])).length > 0;
  }
}
