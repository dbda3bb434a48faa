import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { ConversationType } from '../participant-roles.js';

export interface InvitationRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly user_id: string;
  readonly invited_by: string;
  readonly invited_by_name: string;
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly type: ConversationType;
  readonly title: string | null;
  readonly description: string;
  readonly picture: string | null;
  readonly participant_count: number;
}

export interface NewInvitation {
  readonly id: string;
  readonly user_id: string;
}

/** Open invitations: not expired, to a conversation that exists, of a user who does not take part. */
const OPEN = `
  select i.id, i.conversation_id, i.user_id, i.invited_by, u.display_name as invited_by_name, i.created_at, i.expires_at,
         c.type, c.title, c.description, c.picture,
         coalesce(c.counted_participants, (
           select count(*) from participants n where n.conversation_id = c.id and n.left_seq is null)) as participant_count
    from invitations i
    join conversations c on c.id = i.conversation_id and c.deleted_at is null
    join users u on u.id = i.invited_by
   where i.expires_at > now() and not exists (
           select from participants p
            where p.conversation_id = i.conversation_id and p.user_id = i.user_id and p.left_seq is null)`;

const FIND = statement<InvitationRow>('participants.invitations_by_id', `${OPEN} and i.id = any($1::uuid[])`);

const FIND_OF_USERS = statement<InvitationRow>(
  'participants.invitations_of_users',
  `${OPEN} and i.conversation_id = $1 and i.user_id = any($2::uuid[]) order by i.id`,
);

const PAGE_OF_USER = statement<InvitationRow>(
  'participants.invitations_of_user',
  `${OPEN} and i.user_id = $1 and ($2::uuid is null or i.id < $2) order by i.id desc limit $3`,
);

const PAGE_OF_CONVERSATION = statement<InvitationRow>(
  'participants.invitations_of_conversation',
  `${OPEN} and i.conversation_id = $1 and ($2::uuid is null or i.id < $2) order by i.id desc limit $3`,
);

const DELETE_EXPIRED = statement<unknown>(
  'participants.delete_expired_invitations',
  `delete from invitations where conversation_id = $1 and expires_at <= now()`,
);

const INSERT = statement<NewInvitation>(
  'participants.insert_invitations',
  `insert into invitations (id, conversation_id, user_id, invited_by, created_at, expires_at)
   select n.id, $2, n.user_id, $3, $4, $5 from json_to_recordset($1) as n (id uuid, user_id uuid)
    where not exists (
            select from participants p where p.conversation_id = $2 and p.user_id = n.user_id and p.left_seq is null)
       on conflict (conversation_id, user_id) do nothing
   returning id, user_id`,
);

const COUNT = statement<{ count: number }>(
  'participants.count_invitations',
  `select count(*) as count from invitations where conversation_id = $1`,
);

const DELETE = statement<{ id: string }>(
  'participants.delete_invitation',
  `delete from invitations where conversation_id = $1 and user_id = $2 returning id`,
);

const DELETE_OF_JOINED = statement<unknown>(
  'participants.delete_invitations_of_joined',
  `delete from invitations where conversation_id = $1 and user_id = any($2::uuid[])`,
);

const DELETE_ALL_OF = statement<unknown>(
  'participants.delete_invitations_of',
  `delete from invitations where user_id = $1 or invited_by = $1`,
);

const REQUIRES_INVITATION = statement<unknown>(
  'participants.requires_invitation',
  `select from invitation_settings where user_id = $1`,
);

const REQUIRE = statement<unknown>(
  'participants.require_invitation',
  `insert into invitation_settings (user_id) values ($1) on conflict do nothing`,
);

const STOP_REQUIRING = statement<unknown>(
  'participants.stop_requiring_invitation',
  `delete from invitation_settings where user_id = $1`,
);

/**
 * Owns: invitations, invitation_settings. Reads: conversations, participants, users.
 */
@Injectable()
export class InvitationsRepository {
  constructor(private readonly sql: Sql) {}

  /** The open invitations with these ids. */
  find(ids: readonly string[], tx: Queryable = this.sql): Promise<InvitationRow[]> {
    return tx.many(FIND, [ids]);
  }

  findOfUsers(tx: Queryable, conversationId: string, userIds: readonly string[]): Promise<InvitationRow[]> {
    return tx.many(FIND_OF_USERS, [conversationId, userIds]);
  }

  /** The open invitations of a user, or to a conversation, the newest first; `after` is the last one before the page. */
  page(
    of: { userId: string } | { conversationId: string },
    after: string | null,
    limit: number,
  ): Promise<InvitationRow[]> {
    if ('userId' in of) return this.sql.many(PAGE_OF_USER, [of.userId, after, limit]);
    return this.sql.many(PAGE_OF_CONVERSATION, [of.conversationId, after, limit]);
  }

  /** Stores those of users who neither take part nor have an open invitation, and returns them. */
  async insert(
    tx: Queryable,
    invitations: readonly NewInvitation[],
    {
      conversationId,
      invitedBy,
      at,
      expiresAt,
    }: { conversationId: string; invitedBy: string; at: Date; expiresAt: Date },
  ): Promise<NewInvitation[]> {
    await tx.run(DELETE_EXPIRED, [conversationId]);
    return tx.many(INSERT, [JSON.stringify(invitations), conversationId, invitedBy, at, expiresAt]);
  }

  async count(tx: Queryable, conversationId: string): Promise<number> {
    return (await tx.one(COUNT, [conversationId]))?.count ?? 0;
  }

  /** Returns the id of the deleted invitation; undefined if there was none. */
  async delete(tx: Queryable, conversationId: string, userId: string): Promise<string | undefined> {
    return (await tx.one(DELETE, [conversationId, userId]))?.id;
  }

  /** Deletes those of users who have become participants: once they are removed, no invitation admits them again. */
  async deleteOfJoined(tx: Queryable, conversationId: string, userIds: readonly string[]): Promise<void> {
    await tx.run(DELETE_OF_JOINED, [conversationId, userIds]);
  }

  /** Deletes what a deleted account was invited to, and has invited others to. */
  async deleteAllOf(userId: string): Promise<void> {
    await this.sql.run(DELETE_ALL_OF, [userId]);
    await this.sql.run(STOP_REQUIRING, [userId]);
  }

  async requiresInvitation(userId: string): Promise<boolean> {
    return (await this.sql.many(REQUIRES_INVITATION, [userId])).length > 0;
  }

  async setRequiresInvitation(tx: Queryable, userId: string, isRequired: boolean): Promise<void> {
    await tx.run(isRequired ? REQUIRE : STOP_REQUIRING, [userId]);
  }
}
