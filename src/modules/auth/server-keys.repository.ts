import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import type { Scope } from '../../platform/identity/server-key.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import type { ServerKeyKind } from './server-keys.dto.js';
import { STATE_COLUMNS, type SessionState, USER_STATE_COLUMNS, type UserState } from './sessions.repository.js';

export interface NewServerKey {
  readonly id: string;
  readonly kind: ServerKeyKind;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Of a key that is sent. */
  readonly secretHash: Buffer | null;
  /** The encrypted secret of a key that signs tokens. */
  readonly secretBox: Buffer | null;
  /** Null for a command of the operator. */
  readonly createdBy: string | null;
  readonly expiresAt: Date | null;
}

export interface ServerKeyRow {
  readonly id: string;
  readonly kind: ServerKeyKind;
  readonly name: string;
  readonly scopes: Scope[];
  readonly created_by: string | null;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly last_used_ip: string;
}

/** The state of a key that every call with it needs; the user is the system account. */
export interface ServerKeyState extends SessionState {
  readonly name: string;
  readonly scopes: Scope[];
  readonly secret_hash: Buffer;
}

const COLUMNS = `id, kind, name, scopes, created_by, created_at, expires_at, last_used_at, last_used_ip`;

/** A key that is sent has a session, so that what ends sessions ends keys. */
const INSERT = statement<ServerKeyRow>(
  'auth.insert_server_key',
  `with session as (
     insert into sessions (id, user_id, user_agent, expires_at, is_server_key)
     select $1, '${SYSTEM_USER_ID}', 'server key', coalesce($8::timestamptz, '9999-12-31'), true where $2 = 'server'
   )
   insert into server_keys (id, kind, name, scopes, secret_hash, secret_box, created_by, expires_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   returning ${COLUMNS}`,
);

const LIST = statement<ServerKeyRow>(
  'auth.list_server_keys',
  `select ${COLUMNS} from server_keys where revoked_at is null order by id desc limit $1`,
);

const COUNT = statement<{ count: number }>(
  'auth.count_server_keys',
  `select count(*) as count from server_keys where revoked_at is null`,
);

const REVOKE = statement<ServerKeyRow>(
  'auth.revoke_server_key',
  `update server_keys set revoked_at = now() where id = $1 and revoked_at is null returning ${COLUMNS}`,
);

const STATE = statement<ServerKeyState>(
  'auth.server_key_state',
  `select ${STATE_COLUMNS}, k.name, k.scopes, k.secret_hash
     from server_keys k join sessions s on s.id = k.id and s.is_server_key join users u on u.id = s.user_id
    where k.id = $1 and k.revoked_at is null and k.secret_hash is not null and s.revoked_at is null
      and s.expires_at > now() and u.deleted_at is null`,
);

const USER_STATE = statement<UserState>(
  'auth.user_state',
  `select u.id as user_id, ${USER_STATE_COLUMNS} from users u where u.id = $1 and u.deleted_at is null`,
);

const USER_STATE_BY_EXTERNAL_ID = statement<UserState>(
  'auth.user_state_by_external_id',
  `select u.id as user_id, ${USER_STATE_COLUMNS} from users u where u.external_id = $1 and u.deleted_at is null`,
);

const TOUCH = statement<unknown>(
  'auth.touch_server_key',
  `update server_keys
      set last_used_at = date_trunc('milliseconds', now()), last_used_ip = coalesce($2, last_used_ip) where id = $1`,
);

/** Owns: server_keys, sessions. Reads: users. */
@Injectable()
export class ServerKeysRepository {
  constructor(private readonly sql: Sql) {}

  async insert(tx: Queryable, key: NewServerKey): Promise<ServerKeyRow> {
    const { id, kind, name, scopes, secretHash, secretBox, createdBy, expiresAt } = key;
    return (await tx.one(INSERT, [id, kind, name, [...scopes], secretHash, secretBox, createdBy, expiresAt]))!;
  }

  /** Keys that are not revoked, newest first, also expired ones. */
  list(limit: number): Promise<ServerKeyRow[]> {
    return this.sql.many(LIST, [limit]);
  }

  async count(tx: Queryable): Promise<number> {
    return (await tx.one(COUNT))?.count ?? 0;
  }

  /** Undefined for an unknown key, and for one that is revoked already. Its session is ended separately. */
  revoke(tx: Queryable, id: string): Promise<ServerKeyRow | undefined> {
    return tx.one(REVOKE, [id]);
  }

  /** Undefined for a key that is unknown, revoked or expired, or that signs tokens. */
  findState(id: string): Promise<ServerKeyState | undefined> {
    return this.sql.one(STATE, [id]);
  }

  /** Undefined for a user who is unknown or deleted; a ban is part of the result. */
  findUserState(userId: string): Promise<UserState | undefined> {
    return this.sql.one(USER_STATE, [userId]);
  }

  /** The same by the id of the user in the host product. */
  findUserStateByExternalId(externalId: string): Promise<UserState | undefined> {
    return this.sql.one(USER_STATE_BY_EXTERNAL_ID, [externalId]);
  }

  /** Without an IP address the last one is kept. */
  async touch(id: string, ip: string | undefined): Promise<void> {
    await this.sql.run(TOUCH, [id, ip]);
  }
}
