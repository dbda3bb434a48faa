import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { ConnectionEnding } from '../../platform/realtime/connection-observer.js';
import type { Actor } from '../../platform/http/actor.js';
import type { PresenceStatus } from '../users/users.dto.js';

/** A lease lives so long without being renewed: a node that dies takes its users offline after it. */
const LEASE = `interval '40 seconds'`;
/**
 * How long a connection still counts after its end, see `ConnectionEnding`: a client that comes back within is never
 * shown offline. A page that is reloaded says goodbye first, and is back within a second or two.
 */
const GRACE = `case c.ending when 'ended' then interval '0' when 'left' then interval '3 seconds' else interval '30 seconds' end`;
/** Larger conversations hear nothing of presence: each coming and going would be told to all of them. */
const AUDIENCE_MAX = 500;
/** The node of a lease whose connection has closed. */
const NOBODY = `'00000000-0000-0000-0000-000000000000'::uuid`;
/** The node of a lease that a session holds by its requests, whichever nodes they reach: its id is the session's. */
const CALLERS = `'00000000-0000-0000-0000-000000000001'::uuid`;
/** So long the status of a client without a socket counts after its last request. */
const CALL_LEASE = `interval '60 seconds'`;

export interface Lease {
  readonly connection_id: string;
  readonly user_id: string;
  readonly is_away: boolean;
}

/** A lease whose connection has closed, and how. */
export interface ClosedLease {
  readonly connection_id: string;
  readonly user_id: string;
  /** What the session held by its requests goes with a connection that its client closed. */
  readonly session_id: string;
  readonly ending: ConnectionEnding;
}

export interface PresenceRow {
  user_id: string;
  status: PresenceStatus;
  custom: string | null;
  last_seen: Date | null;
}

/** How somebody is called and looks. */
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

const LET_GO = statement<unknown>(
  'presence.let_go',
  `update presence_leases l set node_id = ${NOBODY}, expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (connection_id uuid, session_id uuid, ending text)
    where l.connection_id = any(array[c.connection_id, case when c.ending <> 'lost' then c.session_id end])`,
);

/** The last connection of a user decides for those before it, which still have their grace. */
const SHORTEN = statement<{ user_id: string }>(
  'presence.shorten',
  `update presence_leases l set expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (user_id uuid, ending text)
    where l.user_id = c.user_id and l.node_id = ${NOBODY}
      and not exists (select from presence_leases o
                       where o.user_id = c.user_id and o.node_id not in (${NOBODY}, ${CALLERS}))
   returning l.user_id`,
);

const LET_ALL_GO = statement<unknown>(
  'presence.let_all_go',
  `update presence_leases l set node_id = ${NOBODY}, expires_at = least(l.expires_at, now() + ${GRACE})
     from (values ('lost')) as c (ending)
    where l.node_id = $1`,
);

const HOLD_BY_CALLS = statement<unknown>(
  'presence.hold_by_calls',
  `insert into presence_leases (connection_id, user_id, node_id, is_away, expires_at)
   values ($1, $2, ${CALLERS}, false, now() + ${CALL_LEASE})
       on conflict (connection_id) do update set node_id = excluded.node_id, expires_at = excluded.expires_at`,
);

const RENEW_BY_CALLS = statement<unknown>(
  'presence.renew_by_calls',
  `update presence_leases set expires_at = now() + ${CALL_LEASE}
    where connection_id = any($1::uuid[]) and node_id = ${CALLERS}`,
);

const END_CALLS = statement<unknown>(
  'presence.end_calls',
  `update presence_leases set expires_at = now() where connection_id = any($1::uuid[]) and node_id = ${CALLERS}`,
);

const EXPIRE = statement<{ user_id: string }>(
  'presence.expire',
  `delete from presence_leases
    where connection_id in (
      select connection_id from presence_leases where expires_at < now()
       order by expires_at limit $1 for update skip locked)
   returning user_id`,
);

/** Announced as there and without a connection: a crash of the database empties the leases, which are not logged. */
const FORGOTTEN = statement<{ user_id: string }>(
  'presence.forgotten',
  `select s.user_id from presence_settings s
    where s.announced_status <> 'offline'
      and not exists (select from presence_leases l where l.user_id = s.user_id)
    limit $1`,
);

const SETTLE = statement<PresenceRow>(
  'presence.settle',
  `select user_id, status, custom, last_seen from settle_presence($1::uuid[])`,
);

const AUDIENCES = statement<{ user_id: string; audience: string[] }>(
  'presence.audiences',
  `select w.user_id, array_agg(distinct other.user_id) as audience
     from unnest($1::uuid[]) as w (user_id)
     join participants mine on mine.user_id = w.user_id and mine.left_seq is null
     join conversations c on c.id = mine.conversation_id and c.deleted_at is null
     join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
    where (select count(*) from (select from participants n
                                  where n.conversation_id = c.id and n.left_seq is null limit ${AUDIENCE_MAX + 1}) n) <= ${AUDIENCE_MAX}
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

/** Of $1: who shares a conversation with him whose people are told of each other. */
const PEERS_OF_USER = `
            select other.user_id
              from participants mine
              join participants other on other.conversation_id = mine.conversation_id and other.left_seq is null
              join conversations c on c.id = mine.conversation_id and c.deleted_at is null
             where mine.user_id = $1 and mine.left_seq is null
               and (select count(*) from (select from participants n
                                           where n.conversation_id = c.id and n.left_seq is null
                                           limit ${AUDIENCE_MAX + 1}) n) <= ${AUDIENCE_MAX}`;

const PEERS = statement<PresenceRow>(
  'presence.peers',
  `select s.user_id, s.announced_status as status, s.announced_custom as custom, s.last_seen
     from presence_settings s
    where s.announced_status <> 'offline' and s.user_id in (
${PEERS_OF_USER})
      and not exists (select from user_blocks b where b.blocker_id = s.user_id and b.blocked_id = $1)
    limit $2`,
);

/** The newest first. An account is changed by other things, too; to tell the same name again does no harm. */
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

const FORGET = statement<unknown>('presence.forget', `delete from presence_settings where user_id = $1`);

/** Owns: presence_leases, presence_settings. Reads: users, participants, conversations, user_blocks. */
@Injectable()
export class PresenceRepository {
  constructor(private readonly sql: Sql) {}

  async forget(userId: string): Promise<void> {
    await this.sql.run(FORGET, [userId]);
  }

  /** One transaction over what `work` writes. */
  change<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  async open(nodeId: string, leases: Lease[], tx: Queryable = this.sql): Promise<void> {
    await tx.run(OPEN, [nodeId, JSON.stringify(leases)]);
  }

  /** Answers how many there were. */
  renew(nodeId: string): Promise<number> {
    return this.sql.run(RENEW, [nodeId]);
  }

  /**
   * These connections have closed; they still count until their grace is over, and no earlier one of the same user
   * counts longer than the last. Answers the users who have no connection any more.
   */
  async letGo(closed: ClosedLease[]): Promise<string[]> {
    return this.sql.transaction(async (tx) => {
      await tx.run(LET_GO, [JSON.stringify(closed)]);
      return [...new Set((await tx.many(SHORTEN, [JSON.stringify(closed)])).map((row) => row.user_id))];
    });
  }

  /** The session's requests hold a lease from now on. */
  async holdByCalls(tx: Queryable, { sessionId, userId }: Actor): Promise<void> {
    await tx.run(HOLD_BY_CALLS, [sessionId, userId]);
  }

  /** These sessions have called; those without such a lease are passed over. */
  async renewByCalls(sessionIds: string[]): Promise<void> {
    await this.sql.run(RENEW_BY_CALLS, [sessionIds]);
  }

  /** Nothing of these sessions of a user counts any more. */
  async endCalls(userId: string, sessionIds: readonly string[]): Promise<void> {
    await this.sql.run(END_CALLS, [[...sessionIds]]);
    await this.sql.many(SHORTEN, [JSON.stringify([{ user_id: userId, ending: 'ended' }])]);
  }

  async letAllGo(nodeId: string): Promise<void> {
    await this.sql.run(LET_ALL_GO, [nodeId]);
  }

  /**
   * Ends up to `limit` leases that are over and answers whose appearance that changed. Each lease ends on one node
   * only, and both steps are one transaction: a change is neither announced twice nor forgotten.
   */
  expire(limit: number): Promise<{ ended: number; changed: PresenceRow[] }> {
    return this.sql.transaction(async (tx) => {
      const ended = await tx.many(EXPIRE, [limit]);
      const changed =
        ended.length > 0
          ? await this.settle(
              ended.map((row) => row.user_id),
              tx,
            )
          : [];
      return { ended: ended.length, changed };
    });
  }

  async forgotten(limit: number): Promise<string[]> {
    return (await this.sql.many(FORGOTTEN, [limit])).map((row) => row.user_id);
  }

  /** Those of these users who appear otherwise than was announced last; from now on that is what was announced. */
  settle(userIds: string[], tx: Queryable = this.sql): Promise<PresenceRow[]> {
    return tx.many(SETTLE, [[...new Set(userIds)]]);
  }

  /** For each user, who shares a conversation with them and is connected. */
  async audiences(userIds: string[]): Promise<Map<string, string[]>> {
    const rows = await this.sql.many(AUDIENCES, [userIds]);
    return new Map(rows.map((row) => [row.user_id, row.audience]));
  }

  /** What `viewerId` may see of these users; strangers are left out. */
  visible(viewerId: string, userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(VISIBLE, [viewerId, userIds]);
  }

  /** How these users appear, to themselves. */
  own(userIds: string[]): Promise<PresenceRow[]> {
    return this.sql.many(OWN, [userIds]);
  }

  /** Who is there of those whose changes this user is told of. */
  peers(userId: string, limit: number): Promise<PresenceRow[]> {
    return this.sql.many(PEERS, [userId, limit]);
  }

  /** Names and pictures of the same people that changed in these last days, the newest first. */
  changedProfiles(userId: string, days: number, limit: number): Promise<ProfileRow[]> {
    return this.sql.many(CHANGED_PROFILES, [userId, days, limit]);
  }

  /** Leaves what is undefined as it is. */
  async set(tx: Queryable, userId: string, to: { status?: PresenceStatus; custom?: string | null }): Promise<void> {
    await tx.run(SET, [userId, to.status ?? null, to.custom !== undefined, to.custom ?? null]);
  }
}
