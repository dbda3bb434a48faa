import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { ConnectionEnding } from '../../platform/realtime/connection/connection-changes.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { PresenceStatus } from '../users/users.dto.js';

/** The lifetime of a lease that is not renewed: when a node dies, its users go offline after this time. */
const LEASE = `interval '40 seconds'`;
/**
 * How long a connection still counts after its end, see `ConnectionEnding`: a client that reconnects within this time
 * never appears offline. A page that is reloaded sends a close frame first, and reconnects within a second or two.
 */
const GRACE = `case c.ending when 'ended' then interval '0' when 'left' then interval '3 seconds' else interval '30 seconds' end`;
/** Larger conversations receive no presence: each change would be sent to all of their participants. */
const PARTICIPANTS_MAX = 500;
/** The node of a lease whose connection has closed. */
const CLOSED = `'00000000-0000-0000-0000-000000000000'::uuid`;
/**
 * The node of a lease that the requests of a session renew, on any node: the id of the lease is that of the session.
 */
const BY_REQUESTS = `'00000000-0000-0000-0000-000000000001'::uuid`;
/** How long the status of a client without a socket counts after its last request. */
const REQUEST_LEASE = `interval '60 seconds'`;

export interface Lease {
  readonly connection_id: string;
  readonly user_id: string;
  readonly is_away: boolean;
}

/** A lease whose connection has closed, and how the connection ended. */
export interface ClosedLease {
  readonly connection_id: string;
  readonly user_id: string;
  /** The lease by requests of this session ends too, if the client closed the connection. */
  readonly session_id: string;
  readonly ending: ConnectionEnding;
}

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

const OPEN = statement<unknown>(
  'presence.open',
  `insert into presence_leases (connection_id, user_id, node_id, is_away, expires_at)
   select l.connection_id, l.user_id, $1, l.is_away, now() + ${LEASE}
     from json_to_recordset($2) as l (connection_id uuid, user_id uuid, is_away boolean)
       on conflict (connection_id) do update set is_away = excluded.is_away, expires_at = excluded.expires_at`,
);

const RENEW = statement<unknown>(
  'presence.renew',
  `update presence_leases set expires_at = now() + ${LEASE} where node_id = $1`,
);

const CLOSE_LEASES = statement<unknown>(
  'presence.let_go',
  `update presence_leases l set node_id = ${CLOSED}, expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (connection_id uuid, session_id uuid, ending text)
    where l.connection_id = any(array[c.connection_id, case when c.ending <> 'lost' then c.session_id end])`,
);

/** The last connection of a user also decides the grace period of the earlier ones that are still within theirs. */
const SHORTEN = statement<{ user_id: string }>(
  'presence.shorten',
  `update presence_leases l set expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (user_id uuid, ending text)
    where l.user_id = c.user_id and l.node_id = ${CLOSED}
      and not exists (select from presence_leases o
                       where o.user_id = c.user_id and o.node_id not in (${CLOSED}, ${BY_REQUESTS}))
   returning l.user_id`,
);

const CLOSE_NODE_LEASES = statement<unknown>(
  'presence.let_all_go',
  `update presence_leases l set node_id = ${CLOSED}, expires_at = least(l.expires_at, now() + ${GRACE})
     from (values ('lost')) as c (ending)
    where l.node_id = $1`,
);

const OPEN_REQUEST_LEASE = statement<unknown>(
  'presence.hold_by_calls',
  `insert into presence_leases (connection_id, user_id, node_id, is_away, expires_at)
   values ($1, $2, ${BY_REQUESTS}, false, now() + ${REQUEST_LEASE})
       on conflict (connection_id) do update set node_id = excluded.node_id, expires_at = excluded.expires_at`,
);

const RENEW_REQUEST_LEASES = statement<unknown>(
  'presence.renew_by_calls',
  `update presence_leases set expires_at = now() + ${REQUEST_LEASE}
    where connection_id = any($1::uuid[]) and node_id = ${BY_REQUESTS}`,
);

const END_REQUEST_LEASES = statement<unknown>(
  'presence.end_calls',
  `update presence_leases set expires_at = now() where connection_id = any($1::uuid[]) and node_id = ${BY_REQUESTS}`,
);

const EXPIRE = statement<{ user_id: string }>(
  'presence.expire',
  `delete from presence_leases
    where connection_id in (
      select connection_id from presence_leases where expires_at < now()
       order by expires_at limit $1 for update skip locked)
   returning user_id`,
);

/**
 * Users who were announced as present but have no lease: a crash of the database empties the table of leases, which is
 * unlogged.
 */
const WITHOUT_LEASES = statement<{ user_id: string }>(
  'presence.forgotten',
  `select s.user_id from presence_settings s
    where s.announced_status <> 'offline'
      and not exists (select from presence_leases l where l.user_id = s.user_id)
    limit $1`,
);

const RECOMPUTE = statement<PresenceRow>(
  'presence.settle',
  `select user_id, status, custom, last_seen from settle_presence($1::uuid[])`,
);

const RECIPIENTS = statement<{ user_id: string; audience: string[] }>(
  'presence.audiences',
  `select w.user_id, array_agg(distinct other.user_id) as audience
     from unnest($1::uuid[]) as w (user_id)
     join participants mine on mine.user_id = w.user_id and mine.left_seq is null
     join conversations c on c.id = mine.conversation_id and c.deleted_at is null
     join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
    where (select count(*) from (select from participants n
                                  where n.conversation_id = c.id and n.left_seq is null limit ${PARTICIPANTS_MAX + 1}) n) <= ${PARTICIPANTS_MAX}
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
             where mine.user_id = $1 and other.user_id = u.id and mine.left_seq is null and other.left_seq is null
               and c.deleted_at is null))
      and not exists (select from user_blocks b where b.blocker_id = u.id and b.blocked_id = $1)`,
);

const OWN = statement<PresenceRow>(
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
             where mine.user_id = $1 and mine.left_seq is null
               and (select count(*) from (select from participants n
                                           where n.conversation_id = c.id and n.left_seq is null
                                           limit ${PARTICIPANTS_MAX + 1}) n) <= ${PARTICIPANTS_MAX}`;

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

/** Owns: presence_leases, presence_settings. Reads: users, participants, conversations, user_blocks. */
@Injectable()
export class PresenceRepository {
  constructor(private readonly sql: Sql) {}

  async deleteSettings(userId: string): Promise<void> {
    await this.sql.run(DELETE_SETTINGS, [userId]);
  }

  /** Runs `work` in one transaction. */
  change<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  async open(nodeId: string, leases: Lease[], tx: Queryable = this.sql): Promise<void> {
    await tx.run(OPEN, [nodeId, JSON.stringify(leases)]);
  }

  /** Renews the leases of a node; returns their number. */
  renew(nodeId: string): Promise<number> {
    return this.sql.run(RENEW, [nodeId]);
  }

  /**
   * Starts the grace period of closed connections. No earlier connection of the same user counts longer than the last.
   * Returns the users who have no connection any more.
   */
  async closeLeases(closed: ClosedLease[]): Promise<string[]> {
    return this.sql.transaction(async (tx) => {
      await tx.run(CLOSE_LEASES, [JSON.stringify(closed)]);
      return [...new Set((await tx.many(SHORTEN, [JSON.stringify(closed)])).map((row) => row.user_id))];
    });
  }

  /** Opens a lease that the requests of the session renew. */
  async openRequestLease(tx: Queryable, { sessionId, userId }: Actor): Promise<void> {
    await tx.run(OPEN_REQUEST_LEASE, [sessionId, userId]);
  }

  /** Renews the leases by requests of these sessions; sessions without one are ignored. */
  async renewRequestLeases(sessionIds: string[]): Promise<void> {
    await this.sql.run(RENEW_REQUEST_LEASES, [sessionIds]);
  }

  /** Ends the leases by requests of these sessions, and those in their grace period, at once. */
  async endRequestLeases(userId: string, sessionIds: readonly string[]): Promise<void> {
    await this.sql.run(END_REQUEST_LEASES, [[...sessionIds]]);
    await this.sql.many(SHORTEN, [JSON.stringify([{ user_id: userId, ending: 'ended' }])]);
  }

  async closeNodeLeases(nodeId: string): Promise<void> {
    await this.sql.run(CLOSE_NODE_LEASES, [nodeId]);
  }

  /**
   * Deletes up to `limit` expired leases, and returns the presences that changed. Each lease is deleted by one node
   * only, and both steps are one transaction: a change is announced exactly once.
   */
  expire(limit: number): Promise<{ ended: number; changed: PresenceRow[] }> {
    return this.sql.transaction(async (tx) => {
      const ended = await tx.many(EXPIRE, [limit]);
      const changed =
        ended.length > 0
          ? await this.recompute(
              ended.map((row) => row.user_id),
              tx,
            )
          : [];
      return { ended: ended.length, changed };
    });
  }

  async findWithoutLeases(limit: number): Promise<string[]> {
    return (await this.sql.many(WITHOUT_LEASES, [limit])).map((row) => row.user_id);
  }

  /** Recomputes the presence of these users; returns those that differ from the last announced one, and stores them. */
  recompute(userIds: string[], tx: Queryable = this.sql): Promise<PresenceRow[]> {
    return tx.many(RECOMPUTE, [[...new Set(userIds)]]);
  }

  /** For each user, the connected users who may see their presence. */
  async findRecipients(userIds: string[]): Promise<Map<string, string[]>> {
    const rows = await this.sql.many(RECIPIENTS, [userIds]);
    return new Map(rows.map((row) => [row.user_id, row.audience]));
  }

  /** The presence of these users that `viewerId` may see; users without a shared conversation are omitted. */
  visible(viewerId: string, userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(VISIBLE, [viewerId, userIds]);
  }

  /** The presence of these users, each as they see it themselves. */
  own(userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(OWN, [userIds]);
  }

  /** The users who are not offline, of those whose presence changes are sent to this user. */
  peers(userId: string, limit: number): Promise<PresenceRow[]> {
    return this.sql.many(PEERS, [userId, limit]);
  }

  /** The names and pictures of the same users that changed in the last `days` days, newest first. */
  changedProfiles(userId: string, days: number, limit: number): Promise<ProfileRow[]> {
    return this.sql.many(CHANGED_PROFILES, [userId, days, limit]);
  }

  /** Undefined fields are unchanged. */
  async set(tx: Queryable, userId: string, to: { status?: PresenceStatus; custom?: string | null }): Promise<void> {
    await tx.run(SET, [userId, to.status ?? null, to.custom !== undefined, to.custom ?? null]);
  }
}
