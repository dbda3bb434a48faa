import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { SystemRole } from '../../platform/identity/actor.js';

/** The state of a user that every request needs. */
export interface UserState {
  readonly user_id: string;
  readonly role: SystemRole;
  readonly username: string;
  readonly display_name: string;
  readonly is_banned: boolean;
  readonly banned_until: Date | null;
  readonly ban_reason: string | null;
  readonly is_deactivated: boolean;
}

/** The state of a session that every request needs, with that of its user. */
export interface SessionState extends UserState {
  readonly session_id: string;
  readonly expires_at: Date;
  /** When a key of the host opened the session; null for every other session. */
  readonly issued_at: Date | null;
}

export interface SessionRow {
  readonly id: string;
  readonly user_agent: string;
  readonly ip: string;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly expires_at: Date;
}

export interface RefreshTokenRow extends SessionState {
  readonly used_at: Date | null;
  /** Whether the token was used, but less than the grace period ago. */
  readonly is_within_grace: boolean;
  readonly is_session_ended: boolean;
  readonly successor_box: Buffer | null;
  readonly is_successor_used: boolean;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly userAgent: string;
  readonly ip: string;
  readonly ttlSeconds: number;
  /** The key of the host with which the session was opened. */
  readonly issuedBy?: string;
}

/** Columns of `users u`. */
export const USER_STATE_COLUMNS = `u.role, u.username, u.display_name,
  user_is_banned(u.banned_at, u.banned_until) as is_banned, u.banned_until, u.ban_reason,
  u.deactivated_at is not null as is_deactivated`;

/** Columns of `sessions s` and `users u`. */
export const STATE_COLUMNS = `s.id as session_id, s.user_id, s.expires_at,
  case when s.issued_by is not null then s.created_at end as issued_at, ${USER_STATE_COLUMNS}`;

const INSERT = statement<unknown>(
  'auth.insert_session',
  `insert into sessions (id, user_id, user_agent, ip, expires_at, issued_by)
   values ($1, $2, $3, $4, now() + make_interval(secs => $5), $6)`,
);

const STATE = statement<SessionState>(
  'auth.session_state',
  `select ${STATE_COLUMNS} from sessions s join users u on u.id = s.user_id
    where s.id = $1 and s.revoked_at is null and s.expires_at > now() and u.deleted_at is null`,
);

const ENDED = statement<{ session_id: string; reason: 'revoked' | 'expired' | 'banned' }>(
  'auth.ended_sessions',
  `select * from (
     select asked.session_id,
            case when s.id is null or s.revoked_at is not null or u.deleted_at is not null then 'revoked'
                 when user_is_banned(u.banned_at, u.banned_until) then 'banned'
                 when s.expires_at <= now() then 'expired' end as reason
       from unnest($1::uuid[]) as asked (session_id)
       left join sessions s on s.id = asked.session_id
       left join users u on u.id = s.user_id) ended
    where reason is not null`,
);

const CHANGED_ROLES = statement<{ userId: string; role: SystemRole }>(
  'auth.changed_roles',
  `select u.id as "userId", u.role
     from unnest($1::uuid[], $2::text[]) as known (user_id, role)
     join users u on u.id = known.user_id and u.role <> known.role`,
);

const LIST = statement<SessionRow>(
  'auth.list_sessions',
  `select id, user_agent, ip, created_at, last_used_at, expires_at from sessions
    where user_id = $1 and revoked_at is null and expires_at > now() order by last_used_at desc, id limit 100`,
);

const REVOKE = statement<{ id: string }>(
  'auth.revoke_sessions',
  `update sessions set revoked_at = now(), revoked_why = $4
    where user_id = $1 and revoked_at is null and expires_at > now()
      and ($2::uuid is null or id = $2) and ($3::uuid is null or id <> $3)
   returning id`,
);

const COUNT_ACTIVE = statement<{ count: number }>(
  'auth.count_live_sessions',
  `select count(*) as count from sessions where user_id = $1 and revoked_at is null and expires_at > now()`,
);

const REVOKE_OLDEST = statement<{ id: string }>(
  'auth.revoke_oldest_sessions',
  `update sessions set revoked_at = now(), revoked_why = $3
    where id in (select id from sessions where user_id = $1 and revoked_at is null and expires_at > now()
                  order by last_used_at desc, id desc offset $2)
   returning id`,
);

const CLEAR_CLIENT_DETAILS = statement<unknown>(
  'auth.forget_places',
  `update sessions set ip = '', user_agent = '' where user_id = $1`,
);

const TOUCH = statement<unknown>(
  'auth.touch_session',
  `update sessions set last_used_at = now(), ip = $2 where id = $1`,
);

const INSERT_TOKEN = statement<unknown>(
  'auth.insert_refresh_token',
  `insert into refresh_tokens (token_hash, session_id) values ($1, $2)`,
);

const LOCK_TOKEN = statement<RefreshTokenRow>(
  'auth.lock_refresh_token',
  `select ${STATE_COLUMNS}, t.used_at, t.successor_box,
          coalesce(t.used_at > clock_timestamp() - make_interval(secs => $2), false) as is_within_grace,
          (s.revoked_at is not null or s.expires_at <= now() or u.deleted_at is not null) as is_session_ended,
          exists (select from refresh_tokens n where n.token_hash = t.successor_hash and n.used_at is not null)
            as is_successor_used
     from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
    where t.token_hash = $1 for no key update of t`,
);

const USE_TOKEN = statement<unknown>(
  'auth.use_refresh_token',
  `update refresh_tokens set used_at = clock_timestamp(), successor_hash = $2, successor_box = $3 where token_hash = $1`,
);

const INSERT_TICKET = statement<unknown>(
  'auth.insert_ticket',
  `with expired as (delete from tickets where session_id = $2 and expires_at <= now())
   insert into tickets (ticket_hash, session_id, expires_at)
   select $1, s.id, now() + make_interval(secs => $3)
     from sessions s where s.id = $2 and s.revoked_at is null and s.expires_at > now() and not s.is_server_key`,
);

const TAKE_TICKET = statement<SessionState>(
  'auth.take_ticket',
  `with taken as (delete from tickets where ticket_hash = $1 returning session_id, expires_at)
   select ${STATE_COLUMNS} from taken t join sessions s on s.id = t.session_id join users u on u.id = s.user_id
    where t.expires_at > now() and s.revoked_at is null and s.expires_at > now() and u.deleted_at is null`,
);

/** The batch size of a deletion; refresh tokens and tickets are deleted with their session. */
export const SESSIONS_PER_BATCH = 1000;

const PURGE = statement<unknown>(
  'auth.purge_sessions',
  `delete from sessions where id in (
     select id from sessions where expires_at < now() - interval '1 day' order by expires_at limit ${SESSIONS_PER_BATCH})`,
);

const PURGE_TICKETS = statement<unknown>('auth.purge_tickets', `delete from tickets where expires_at < now()`);

const COUNT_EXPIRED = statement<{ sessions: number; tickets: number; failures: number }>(
  'auth.count_expired',
  `select (select count(*) from sessions where expires_at < now() - interval '1 day') as sessions,
          (select count(*) from tickets where expires_at < now()) as tickets,
          (select count(*) from login_failures where last_at < now() - interval '1 day') as failures`,
);

/** Owns: sessions, refresh_tokens, tickets. Reads: users, login_failures. */
@Injectable()
export class SessionsRepository {
  constructor(private readonly sql: Sql) {}

  async insert(tx: Queryable, session: NewSession): Promise<void> {
    const { id, userId, userAgent, ip, ttlSeconds, issuedBy } = session;
    await tx.run(INSERT, [id, userId, userAgent, ip, ttlSeconds, issuedBy]);
  }

  /** Undefined when the session has ended or its user is deleted; a ban is part of the result. */
  findState(sessionId: string): Promise<SessionState | undefined> {
    return this.sql.one(STATE, [sessionId]);
  }

  /** Returns those of these sessions that have ended, and why. */
  findEnded(sessionIds: string[]): Promise<{ session_id: string; reason: 'revoked' | 'expired' | 'banned' }[]> {
    return this.sql.many(ENDED, [sessionIds]);
  }

  findChangedRoles(known: { userId: string; role: SystemRole }[]): Promise<{ userId: string; role: SystemRole }[]> {
    return this.sql.many(CHANGED_ROLES, [known.map(({ userId }) => userId), known.map(({ role }) => role)]);
  }

  list(userId: string): Promise<SessionRow[]> {
    return this.sql.many(LIST, [userId]);
  }

  /** Ends the active sessions of a user: one, all but one, or all. Returns their ids. */
  async revoke(
    tx: Queryable,
    userId: string,
    { only, except, reason }: { only?: string; except?: string; reason: string },
  ): Promise<string[]> {
    return (await tx.many(REVOKE, [userId, only, except, reason])).map(({ id }) => id);
  }

  async countActive(userId: string): Promise<number> {
    return (await this.sql.one(COUNT_ACTIVE, [userId]))?.count ?? 0;
  }

  /** Ends the active sessions of a user except the `limit` last used ones. Returns their ids. */
  async revokeOldest(
    tx: Queryable,
    userId: string,
    { limit, reason }: { limit: number; reason: string },
  ): Promise<string[]> {
    return (await tx.many(REVOKE_OLDEST, [userId, limit, reason])).map(({ id }) => id);
  }

  /** Clears the IP addresses and user agents of a user's sessions. */
  async clearClientDetails(tx: Queryable, userId: string): Promise<void> {
    await tx.run(CLEAR_CLIENT_DETAILS, [userId]);
  }

  async insertToken(tx: Queryable, tokenHash: Buffer, sessionId: string): Promise<void> {
    await tx.run(INSERT_TOKEN, [tokenHash, sessionId]);
  }

  /**
   * Runs `work` with the refresh token of this hash locked; undefined when there is none. `reuseGraceSeconds` decide
   * whether a used token is within its grace period.
   */
  withLockedToken<T>(
    tokenHash: Buffer,
    reuseGraceSeconds: number,
    work: (tx: Queryable, token: RefreshTokenRow | undefined) => Promise<T>,
  ): Promise<T> {
    return this.sql.transaction(async (tx) => work(tx, await tx.one(LOCK_TOKEN, [tokenHash, reuseGraceSeconds])));
  }

  /** Replaces a token by its successor. */
  async replaceToken(
    tx: Queryable,
    tokenHash: Buffer,
    successor: { sessionId: string; hash: Buffer; ciphertext: Buffer; ip: string },
  ): Promise<void> {
    await tx.run(INSERT_TOKEN, [successor.hash, successor.sessionId]);
    await tx.run(USE_TOKEN, [tokenHash, successor.hash, successor.ciphertext]);
    await tx.run(TOUCH, [successor.sessionId, successor.ip]);
  }

  /** Returns false when the session has ended. */
  async insertTicket(ticketHash: Buffer, sessionId: string, ttlSeconds: number): Promise<boolean> {
    return (await this.sql.run(INSERT_TICKET, [ticketHash, sessionId, ttlSeconds])) > 0;
  }

  /**
   * Deletes a ticket, so that it works once; undefined when it is unknown or expired, or when its session has ended.
   */
  takeTicket(ticketHash: Buffer): Promise<SessionState | undefined> {
    return this.sql.one(TAKE_TICKET, [ticketHash]);
  }

  /** Deletes some of the sessions that expired at least a day ago; returns how many. */
  purge(): Promise<number> {
    return this.sql.run(PURGE);
  }

  /** Deletes expired tickets. */
  purgeTickets(): Promise<number> {
    return this.sql.run(PURGE_TICKETS);
  }

  /** Counts what a run of the cleanup task would delete. */
  async countExpired(): Promise<{ sessions: number; tickets: number; failures: number }> {
    return (await this.sql.one(COUNT_EXPIRED)) ?? { sessions: 0, tickets: 0, failures: 0 };
  }
}
