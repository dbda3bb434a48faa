import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { ConnectionEnding } from '../../platform/realtime/connection/connection-changes.js';
import type { Actor } from '../../platform/identity/actor.js';
import type { PresenceRow } from './presence.repository.js';

/** The lifetime of a lease that is not renewed: when a node dies, its users go offline after this time. */
const LEASE_TTL = `interval '40 seconds'`;
/**
 * How long a connection still counts after its end, see `ConnectionEnding`: a client that reconnects within this time
 * never appears offline. A page that is reloaded sends a close frame first, and reconnects within a second or two.
 */
const GRACE = `case c.ending when 'ended' then interval '0' when 'left' then interval '3 seconds' else interval '30 seconds' end`;
/** No node has this id: it stands for the node of a lease whose connection has closed. */
const CLOSED_NODE_ID = `'00000000-0000-0000-0000-000000000000'::uuid`;
/**
 * No node has this id either: it stands for the node of a request lease, which the HTTP requests of a session renew on
 * any node. The id of a request lease is that of the session.
 */
const REQUESTS_NODE_ID = `'00000000-0000-0000-0000-000000000001'::uuid`;
/** How long the status of a client without a socket counts after its last request. */
const REQUEST_LEASE_TTL = `interval '60 seconds'`;

export interface Lease {
  readonly connection_id: string;
  readonly user_id: string;
  readonly is_away: boolean;
}

/** A lease whose connection has closed, and how the connection ended. */
export interface ClosedLease {
  readonly connection_id: string;
  readonly user_id: string;
  /** The request lease of this session ends too, unless the connection was lost. */
  readonly session_id: string;
  readonly ending: ConnectionEnding;
}

const SAVE = statement<unknown>(
  'presence.open',
  `insert into presence_leases (connection_id, user_id, node_id, is_away, expires_at)
   select l.connection_id, l.user_id, $1, l.is_away, now() + ${LEASE_TTL}
     from json_to_recordset($2) as l (connection_id uuid, user_id uuid, is_away boolean)
       on conflict (connection_id) do update set is_away = excluded.is_away, expires_at = excluded.expires_at`,
);

const RENEW = statement<unknown>(
  'presence.renew',
  `update presence_leases set expires_at = now() + ${LEASE_TTL} where node_id = $1`,
);

const CLOSE_LEASES = statement<unknown>(
  'presence.let_go',
  `update presence_leases l set node_id = ${CLOSED_NODE_ID}, expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (connection_id uuid, session_id uuid, ending text)
    where l.connection_id = any(array[c.connection_id, case when c.ending <> 'lost' then c.session_id end])`,
);

/** When the last connection of a user closes, earlier ones, still in their grace period, count no longer than it. */
const SHORTEN = statement<{ user_id: string }>(
  'presence.shorten',
  `update presence_leases l set expires_at = least(l.expires_at, now() + ${GRACE})
     from json_to_recordset($1) as c (user_id uuid, ending text)
    where l.user_id = c.user_id and l.node_id = ${CLOSED_NODE_ID}
      and not exists (select from presence_leases o
                       where o.user_id = c.user_id and o.node_id not in (${CLOSED_NODE_ID}, ${REQUESTS_NODE_ID}))
   returning l.user_id`,
);

const CLOSE_NODE_LEASES = statement<unknown>(
  'presence.let_all_go',
  `update presence_leases l set node_id = ${CLOSED_NODE_ID}, expires_at = least(l.expires_at, now() + ${GRACE})
     from (values ('lost')) as c (ending)
    where l.node_id = $1`,
);

const OPEN_REQUEST_LEASE = statement<unknown>(
  'presence.hold_by_calls',
  `insert into presence_leases (connection_id, user_id, node_id, is_away, expires_at)
   values ($1, $2, ${REQUESTS_NODE_ID}, false, now() + ${REQUEST_LEASE_TTL})
       on conflict (connection_id) do update set node_id = excluded.node_id, expires_at = excluded.expires_at`,
);

const RENEW_REQUEST_LEASES = statement<unknown>(
  'presence.renew_by_calls',
  `update presence_leases set expires_at = now() + ${REQUEST_LEASE_TTL}
    where connection_id = any($1::uuid[]) and node_id = ${REQUESTS_NODE_ID}`,
);

const END_REQUEST_LEASES = statement<unknown>(
  'presence.end_calls',
  `update presence_leases set expires_at = now() where connection_id = any($1::uuid[]) and node_id = ${REQUESTS_NODE_ID}`,
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

/** Owns: presence_leases, and presence_settings through settle_presence(). */
@Injectable()
export class PresenceLeasesRepository {
  constructor(private readonly sql: Sql) {}

  /** Opens leases of a node, or updates and renews them. */
  async save(nodeId: string, leases: Lease[], tx: Queryable = this.sql): Promise<void> {
    await tx.run(SAVE, [nodeId, JSON.stringify(leases)]);
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

  /** Opens the request lease of a session. */
  async openRequestLease(tx: Queryable, { sessionId, userId }: Actor): Promise<void> {
    await tx.run(OPEN_REQUEST_LEASE, [sessionId, userId]);
  }

  /** Renews the request leases of these sessions; sessions without one are ignored. */
  async renewRequestLeases(sessionIds: string[]): Promise<void> {
    await this.sql.run(RENEW_REQUEST_LEASES, [sessionIds]);
  }

  /** Ends at once the request leases of these sessions, and the leases of the user that are in their grace period. */
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
}
