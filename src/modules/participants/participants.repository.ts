import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { ConversationType, ParticipantRole } from './participant-roles.js';

export interface AccessRow {
  type: ConversationType;
  created_by: string | null;
  settings: Record<string, unknown>;
  /** Of the conversation type. */
  type_settings: Record<string, unknown> | null;
  is_member: boolean;
  role: ParticipantRole | null;
  is_muted: boolean | null;
  is_blocked: boolean;
  joined_seq: number | null;
  last_read_number: number | null;
  last_delivered_number: number | null;
  /** The user sees no message up to this one. */
  hidden_up_to_number: number | null;
  /** Whether the user may have deleted messages for themselves. */
  has_hidden_messages: boolean | null;
}

const ACCESS = statement<AccessRow>(
  'participants.access',
  `select c.type, c.created_by, c.settings, t.settings as type_settings,
          p.user_id is not null and p.left_seq is null as is_member, p.role,
          participant_is_muted(p.is_muted, p.muted_until) as is_muted,
          c.type = 'direct' and exists (
            select from participants other
              join user_blocks b on b.blocker_id = other.user_id and b.blocked_id = $2
             where other.conversation_id = c.id) as is_blocked,
          p.joined_seq, least(p.last_read_number, p.unread_from_number - 1) as last_read_number, p.last_delivered_number,
          p.hidden_up_to_number, p.has_hidden_messages
     from conversations c
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
     left join participants p on p.conversation_id = c.id and p.user_id = $2
    where c.id = $1 and c.deleted_at is null`,
);

const MEMBERSHIPS_AMONG = statement<{ conversation_id: string }>(
  'participants.memberships_among',
  `select p.conversation_id
     from participants p join conversations c on c.id = p.conversation_id and c.deleted_at is null
    where p.user_id = $1 and p.conversation_id = any($2::uuid[]) and p.left_seq is null`,
);

export interface NamedConversationRow {
  readonly id: string;
  readonly is_private: boolean;
  readonly accepts_join_requests: boolean;
  readonly is_member: boolean;
}

const ID_BY_SLUG = statement<NamedConversationRow>(
  'participants.id_by_slug',
  `select c.id, coalesce((c.settings ->> 'is_private')::boolean, false) as is_private,
          coalesce((c.settings ->> 'join_requests')::boolean, false) as accepts_join_requests,
          p.user_id is not null as is_member
     from conversations c
     left join participants p on p.conversation_id = c.id and p.user_id = $2 and p.left_seq is null
    where c.slug = $1 and c.deleted_at is null`,
);

/** The same columns by external id; direct conversations and groups are always private. */
const ID_BY_EXTERNAL_ID = statement<NamedConversationRow>(
  'participants.id_by_external_id',
  `select c.id, c.type <> 'room' or coalesce((c.settings ->> 'is_private')::boolean, false) as is_private,
          coalesce((c.settings ->> 'join_requests')::boolean, false) as accepts_join_requests,
          p.user_id is not null as is_member
     from conversations c
     left join participants p on p.conversation_id = c.id and p.user_id = $2 and p.left_seq is null
    where c.external_id = $1 and c.deleted_at is null`,
);

export interface ParticipantRow {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  role: ParticipantRole;
  is_muted: boolean;
  /** Null: the mute has no end, or there is none. */
  muted_until: Date | null;
  mute_reason: string | null;
  /** Banned from the server; see `bans/conversation-bans.repository.ts` for bans from one conversation. */
  is_banned: boolean;
  joined_at: Date;
  last_read_number: number;
  last_delivered_number: number;
  is_member: boolean;
}

/** Of a participant p and their user u. */
export const PARTICIPANT_COLUMNS = `
  p.user_id, u.username, u.display_name, u.avatar_url, user_is_banned(u.banned_at, u.banned_until) as is_banned, p.role,
  participant_is_muted(p.is_muted, p.muted_until) as is_muted, p.muted_until, p.mute_reason, p.joined_at, p.last_read_number, p.last_delivered_number, p.left_seq is null as is_member`;

const FIND = statement<ParticipantRow>(
  'participants.find',
  `select ${PARTICIPANT_COLUMNS}
     from participants p join users u on u.id = p.user_id
    where p.conversation_id = $1 and p.user_id = any($2::uuid[])`,
);

const SETTINGS = statement<Pick<AccessRow, 'type' | 'settings' | 'type_settings'>>(
  'participants.settings',
  `select c.type, c.settings, t.settings as type_settings
     from conversations c left join conversation_types t on t.name = coalesce(c.type_name, c.type) where c.id = $1`,
);

const INSERT = statement<unknown>(
  'participants.admit',
  `insert into participants as p (conversation_id, user_id, role, joined_at, joined_seq, last_read_number, last_delivered_number,
                                  hidden_up_to_number)
   select $1, n.user_id, n.role, $3, n.joined_seq, $4, $4, $5
     from json_to_recordset($2) as n (user_id uuid, role text, joined_seq bigint)
       on conflict (conversation_id, user_id) do update
      set role = excluded.role, joined_at = excluded.joined_at, joined_seq = excluded.joined_seq, left_at = null,
          left_seq = null, is_archived = false, unread_from_number = null,
          last_read_number = greatest(p.last_read_number, excluded.last_read_number),
          last_delivered_number = greatest(p.last_delivered_number, excluded.last_delivered_number),
          hidden_up_to_number = greatest(p.hidden_up_to_number, excluded.hidden_up_to_number), hidden_at_number = null`,
);

const MARK_LEFT = statement<unknown>(
  'participants.dismiss',
  `update participants set left_at = $3, left_seq = $4, role = 'participant', is_pinned = false, metadata = null
    where conversation_id = $1 and user_id = $2`,
);

const LEAVABLE = statement<{ conversation_id: string }>(
  'participants.leavable',
  `select p.conversation_id
     from participants p join conversations c on c.id = p.conversation_id
    where p.user_id = $1 and p.left_seq is null and c.type <> 'direct' and c.deleted_at is null
    order by p.conversation_id limit $2`,
);

/** A mute, or its end. */
export interface Mute {
  readonly isMuted: boolean;
  /** Null: the mute has no end. */
  readonly until: Date | null;
  readonly reason: string | null;
}

/** What changes of a participant; what is left out stays as it is. */
export interface ParticipantChange {
  readonly role?: ParticipantRole;
  readonly mute?: Mute;
}

const CHANGE = statement<unknown>(
  'participants.change',
  `update participants
      set role = coalesce($3, role), is_muted = coalesce($4, is_muted),
          muted_until = case when $4::boolean is null then muted_until else $5 end,
          mute_reason = case when $4::boolean is null then mute_reason else $6 end
    where conversation_id = $1 and user_id = $2`,
);

/** Records the post if slow mode allows it, and otherwise returns the remaining seconds. */
const APPLY_SLOW_MODE = statement<{ wait: number }>(
  'participants.take_turn',
  `with before as (
     select conversation_id, user_id,
            greatest(0, ceil(coalesce(extract(epoch from last_sent_at - $3::timestamptz) + $4, 0)))::int as wait
       from participants where conversation_id = $1 and user_id = $2
   ), taken as (
     update participants p set last_sent_at = $3
       from before b where p.conversation_id = b.conversation_id and p.user_id = b.user_id and b.wait = 0
   )
   select wait from before`,
);

const FORGET_TEXTS = statement<unknown>(
  'participants.forget_texts',
  `update participants set metadata = null, mute_reason = null
    where user_id = $1 and (metadata is not null or mute_reason is not null)`,
);

export interface ParticipantProfile {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
  is_banned: boolean;
}

const PROFILES = statement<ParticipantProfile>(
  'participants.names',
  `select id as user_id, username, display_name, avatar_url, user_is_banned(banned_at, banned_until) as is_banned
     from users where id = any($1::uuid[])`,
);

/**
 * Owns: participants (with receipts.repository.ts and conversation-preferences.repository.ts). Reads: conversations, conversation_types,
 * conversation_types, users, user_blocks, stream_heads.
 */
@Injectable()
export class ParticipantsRepository {
  constructor(private readonly sql: Sql) {}

  findAccess(conversationId: string, userId: string, tx: Queryable = this.sql): Promise<AccessRow | undefined> {
    return tx.one(ACCESS, [conversationId, userId]);
  }

  async membershipsAmong(userId: string, conversationIds: string[]): Promise<ReadonlySet<string>> {
    if (conversationIds.length === 0) return new Set();
    const rows = await this.sql.many(MEMBERSHIPS_AMONG, [userId, conversationIds]);
    return new Set(rows.map(({ conversation_id }) => conversation_id));
  }

  /** The room with this slug, and whether `userId` is a participant. */
  findBySlug(slug: string, userId?: string): Promise<NamedConversationRow | undefined> {
    return this.sql.one(ID_BY_SLUG, [slug, userId ?? null]);
  }

  /** The conversation with this id of the host product, and whether `userId` is a participant. */
  findByExternalId(externalId: string, userId: string): Promise<NamedConversationRow | undefined> {
    return this.sql.one(ID_BY_EXTERNAL_ID, [externalId, userId]);
  }

  /** Includes users who have left: see `is_member`. */
  find(tx: Queryable, conversationId: string, userIds: string[]): Promise<ParticipantRow[]> {
    return tx.many(FIND, [conversationId, userIds]);
  }

  /** What decides the settings that apply in an existing conversation. */
  async findSettings(
    tx: Queryable,
    conversationId: string,
  ): Promise<Pick<AccessRow, 'type' | 'settings' | 'type_settings'>> {
    return (await tx.one(SETTINGS, [conversationId]))!;
  }

  /**
   * Adds participants, for the first time or again. All existing messages count as read for them. Of two numbers up to
   * which messages are hidden from them, that of an earlier membership and the new one, the larger applies.
   */
  async insert(
    tx: Queryable,
    conversationId: string,
    participants: { user_id: string; role: ParticipantRole; joined_seq: number }[],
    { at, lastNumber, hiddenUpTo }: { at: Date; lastNumber: number; hiddenUpTo: number },
  ): Promise<void> {
    await tx.run(INSERT, [conversationId, JSON.stringify(participants), at, lastNumber, hiddenUpTo]);
  }

  /** Slow mode: returns 0 if the user may post, and records the post with the time `at`; otherwise the seconds left. */
  async applySlowMode(
    tx: Queryable,
    { conversationId, userId, at, seconds }: { conversationId: string; userId: string; at: Date; seconds: number },
  ): Promise<number> {
    return (await tx.one(APPLY_SLOW_MODE, [conversationId, userId, at, seconds]))?.wait ?? 0;
  }

  async markLeft(
    tx: Queryable,
    conversationId: string,
    userId: string,
    left: { at: Date; seq: number },
  ): Promise<void> {
    await tx.run(MARK_LEFT, [conversationId, userId, left.at, left.seq]);
  }

  /** The groups and rooms of which a user is a participant. */
  async findLeavable(userId: string, limit: number): Promise<string[]> {
    return (await this.sql.many(LEAVABLE, [userId, limit])).map((row) => row.conversation_id);
  }

  /** Removes the metadata of a deleted account and the reasons of its mutes from all conversations. */
  async forgetTexts(userId: string): Promise<void> {
    await this.sql.run(FORGET_TEXTS, [userId]);
  }

  async update(
    tx: Queryable,
    conversationId: string,
    userId: string,
    { role, mute }: ParticipantChange,
  ): Promise<void> {
    const values = [role ?? null, mute?.isMuted ?? null, mute?.until ?? null, mute?.reason ?? null];
    await tx.run(CHANGE, [conversationId, userId, ...values]);
  }

  async findProfiles(userIds: string[]): Promise<Map<string, ParticipantProfile>> {
    const rows = userIds.length > 0 ? await this.sql.many(PROFILES, [[...new Set(userIds)]]) : [];
    return new Map(rows.map((row) => [row.user_id, row]));
  }
}
