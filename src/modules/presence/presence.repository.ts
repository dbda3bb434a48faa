import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { PresenceStatus } from '../users/users.dto.js';

/** Larger conversations receive no presence: each change would be sent to all of their participants. */
const PRESENCE_PARTICIPANTS_MAX = 500;

/** Counts at most one more than matters, and nothing in a conversation whose number is stored. */
const HAS_FEW_PARTICIPANTS = `
          coalesce(c.counted_participants, (
            select count(*) from (select from participants n where n.conversation_id = c.id and n.left_seq is null
                                   limit ${PRESENCE_PARTICIPANTS_MAX + 1}) n)) <= ${PRESENCE_PARTICIPANTS_MAX}`;
export interface PresenceRow {
  user_id: string;
  status: PresenceStatus;
  custom: string | null;
  last_seen: Date | null;
}

/** A user's names and picture. */
export interface ProfileRow {
  user_id: string;
  username: string;
  display_name: string;
  avatar_url: string | null;
}

const RECIPIENTS = statement<{ user_id: string; recipient_ids: string[] }>(
  'presence.audiences',
  `select w.user_id, array_agg(distinct other.user_id) as recipient_ids
     from unnest($1::uuid[]) as w (user_id)
     join participants mine on mine.user_id = w.user_id and mine.left_seq is null
     join conversations c on c.id = mine.conversation_id and c.deleted_at is null
     left join conversation_types t on t.name = coalesce(c.type_name, c.type)
     join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
    where not feature_is_off('presence', t.settings, c.settings)
      and ${HAS_FEW_PARTICIPANTS}
      and exists (select from presence_leases l where l.user_id = other.user_id)
      and not exists (select from user_blocks b where b.blocker_id = w.user_id and b.blocked_id = other.user_id)
    group by w.user_id`,
);

const VISIBLE = statement<PresenceRow>(
  'presence.visible',
  `select u.id as user_id, coalesce(s.announced_status, 'offline') as status,
          case when s.announced_status <> 'offline' then s.announced_custom end as custom, s.last_seen
     from users u
     left join presence_settings s on s.user_id = u.id
    where u.id = any($2::uuid[]) and u.deleted_at is null
      and (u.id = $1 or exists (
            select from participants mine
              join participants other on other.conversation_id = mine.conversation_id
              join conversations c on c.id = mine.conversation_id
              left join conversation_types t on t.name = coalesce(c.type_name, c.type)
             where mine.user_id = $1 and other.user_id = u.id and mine.left_seq is null and other.left_seq is null
               and c.deleted_at is null and not feature_is_off('presence', t.settings, c.settings)))
      and not exists (select from user_blocks b where b.blocker_id = u.id and b.blocked_id = $1)`,
);

const AS_SEEN_BY_SELF = statement<PresenceRow>(
  'presence.own',
  `select user_id, announced_status as status, case when announced_status <> 'offline' then announced_custom end as custom,
          last_seen
     from presence_settings where user_id = any($1::uuid[])`,
);

/** Users who share a presence-enabled conversation with $1. */
const PEERS_OF_USER = `
            select other.user_id
              from participants mine
              join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
              join conversations c on c.id = mine.conversation_id and c.deleted_at is null
              left join conversation_types t on t.name = coalesce(c.type_name, c.type)
             where mine.user_id = $1 and mine.left_seq is null and not feature_is_off('presence', t.settings, c.settings)
               and ${HAS_FEW_PARTICIPANTS}`;

const PEERS = statement<PresenceRow>(
  'presence.peers',
  `select s.user_id, s.announced_status as status, s.announced_custom as custom, s.last_seen
     from presence_settings s
    where s.announced_status <> 'offline' and s.user_id in (
${PEERS_OF_USER})
      and not exists (select from user_blocks b where b.blocker_id = s.user_id and b.blocked_id = $1)
    limit $2`,
);

/** Newest first. Other changes of an account match too; sending an unchanged name again does no harm. */
const CHANGED_PROFILES = statement<ProfileRow>(
  'presence.changed_profiles',
  `select u.id as user_id, u.username, u.display_name, u.avatar_url
     from users u
    where u.updated_at > now() - make_interval(days => $2) and u.updated_at > u.created_at and u.deleted_at is null
      and u.id <> $1 and u.id in (${PEERS_OF_USER})
      and not exists (select from user_blocks b where b.blocker_id = u.id and b.blocked_id = $1)
    order by u.updated_at desc limit $3`,
);

const SET = statement<unknown>(
  'presence.set',
  `insert into presence_settings as s (user_id, status, custom)
   values ($1, coalesce($2, 'online'), $4)
       on conflict (user_id) do update
      set status = coalesce($2, s.status), custom = case when $3::boolean then $4 else s.custom end, updated_at = now()`,
);

const DELETE_SETTINGS = statement<unknown>('presence.forget', `delete from presence_settings where user_id = $1`);

/**
 * Owns: presence_settings. Reads: presence_leases, users, participants, conversations, conversation_types, user_blocks.
 */
@Injectable()
export class PresenceRepository {
  constructor(private readonly sql: Sql) {}

  async deleteSettings(userId: string): Promise<void> {
    await this.sql.run(DELETE_SETTINGS, [userId]);
  }

  /** Runs `work` in one transaction. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  /** For each user, the connected users who may see their presence. */
  async findRecipients(userIds: string[]): Promise<Map<string, string[]>> {
    const rows = await this.sql.many(RECIPIENTS, [userIds]);
    return new Map(rows.map((row) => [row.user_id, row.recipient_ids]));
  }

  /** The presence of these users that `viewerId` may see; users without a shared conversation are omitted. */
  findVisible(viewerId: string, userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(VISIBLE, [viewerId, userIds]);
  }

  /** The presence of these users, each as they see it themselves. */
  findAsSeenBySelf(userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(AS_SEEN_BY_SELF, [userIds]);
  }

  /** The users who are not offline, of those whose presence changes are sent to this user. */
  findPeers(userId: string, limit: number): Promise<PresenceRow[]> {
    return this.sql.many(PEERS, [userId, limit]);
  }

  /** The names and pictures of the same users that changed in the last `days` days, newest first. */
  findChangedProfiles(userId: string, days: number, limit: number): Promise<ProfileRow[]> {
    return this.sql.many(CHANGED_PROFILES, [userId, days, limit]);
  }

  /** Undefined fields are unchanged. */
  async set(tx: Queryable, userId: string, to: { status?: PresenceStatus; custom?: string | null }): Promise<void> {
    await tx.run(SET, [userId, to.status ?? null, to.custom !== undefined, to.custom ?? null]);
  }
}
