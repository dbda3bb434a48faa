import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import { STATE_COLUMNS, type SessionState } from './sessions.repository.js';

/** The maximum number of keys of one session; another one replaces the oldest. */
const KEYS_PER_SESSION = 20;

export interface NewSessionKey {
  readonly hash: Buffer;
  readonly sessionId: string;
  readonly preferences: Record<string, unknown>;
  readonly ttlSeconds: number;
}

export interface SessionKeyRow extends SessionState {
  readonly preferences: Record<string, unknown>;
  readonly created_at: Date;
  readonly last_used_at: Date;
  readonly key_expires_at: Date;
  readonly messages_sent: number;
  readonly messages_received: number;
  readonly connected_ms: number;
}

/** The use of a key by its sockets since the last update. */
export interface KeyUse {
  readonly sent: number;
  readonly received: number;
  readonly connectedMs: number;
}

/** A key never outlives its session. */
const INSERT = statement<{ created_at: Date; expires_at: Date }>(
  'auth.insert_session_key',
  `with excess as (
     delete from session_keys where key_hash in (
       select key_hash from session_keys where session_id = $2
        order by created_at desc, key_hash offset ${KEYS_PER_SESSION - 1}))
   insert into session_keys (key_hash, session_id, preferences, expires_at)
   select $1, s.id, $3, date_trunc('milliseconds', least(s.expires_at, now() + make_interval(secs => $4)))
     from sessions s where s.id = $2 and s.revoked_at is null and s.expires_at > now() and not s.is_server_key
   returning created_at, expires_at`,
);

const FIND = statement<SessionKeyRow>(
  'auth.find_session_key',
  `select ${STATE_COLUMNS}, k.preferences, k.created_at, k.last_used_at, k.expires_at as key_expires_at,
          k.messages_sent, k.messages_received, k.connected_ms
     from session_keys k join sessions s on s.id = k.session_id join users u on u.id = s.user_id
    where k.key_hash = $1 and k.expires_at > now() and s.revoked_at is null and s.expires_at > now()
      and u.deleted_at is null`,
);

const ENDED = statement<{ key_id: string }>(
  'auth.ended_session_keys',
  `select asked.key_id
     from unnest($1::text[]) as asked (key_id)
     left join session_keys k on k.key_hash = decode(asked.key_id, 'hex') and k.expires_at > now()
    where k.key_hash is null`,
);

const TOUCH = statement<unknown>(
  'auth.touch_session_key',
  `update session_keys
      set last_used_at = date_trunc('milliseconds', now()), messages_sent = messages_sent + $2,
          messages_received = messages_received + $3, connected_ms = connected_ms + $4
    where key_hash = $1`,
);

const REMOVE = statement<unknown>('auth.remove_session_key', `delete from session_keys where key_hash = $1`);

const REMOVE_ALL = statement<unknown>(
  'auth.remove_session_keys',
  `delete from session_keys where session_id in (select id from sessions where user_id = $1)`,
);

/**
 * Session keys: secrets that stand for an access token in a cookie or a URL, for dialects only. The database contains
 * their hashes; the id of a key is its hash in hex. Owns: session_keys. Reads: sessions, users.
 */
@Injectable()
export class SessionKeysRepository {
  constructor(private readonly sql: Sql) {}

  /** Undefined when the session has ended. */
  insert(key: NewSessionKey): Promise<{ created_at: Date; expires_at: Date } | undefined> {
    return this.sql.one(INSERT, [key.hash, key.sessionId, key.preferences, key.ttlSeconds]);
  }

  /** Undefined when it is unknown or expired, or when its session has ended. */
  find(hash: Buffer): Promise<SessionKeyRow | undefined> {
    return this.sql.one(FIND, [hash]);
  }

  async findEnded(keyIds: string[]): Promise<string[]> {
    return (await this.sql.many(ENDED, [keyIds])).map(({ key_id: keyId }) => keyId);
  }

  async touch(hash: Buffer, { sent, received, connectedMs }: KeyUse): Promise<void> {
    await this.sql.run(TOUCH, [hash, sent, received, connectedMs]);
  }

  /** Deletes all keys of all sessions of a user. */
  async removeAll(tx: Queryable, userId: string): Promise<void> {
    await tx.run(REMOVE_ALL, [userId]);
  }

  async remove(hash: Buffer): Promise<void> {
    await this.sql.run(REMOVE, [hash]);
  }
}
