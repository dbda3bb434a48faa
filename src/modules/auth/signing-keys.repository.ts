import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import type { Scope } from '../../platform/identity/server-key.js';

/** A key that signs tokens, as stored. */
export interface SigningKeyRow {
  readonly id: string;
  readonly scopes: Scope[];
  readonly secret_box: Buffer;
  readonly expires_at: Date | null;
}

const FIND = statement<SigningKeyRow>(
  'auth.find_signing_key',
  `select id, scopes, secret_box, expires_at from server_keys
    where id = $1 and kind = 'signing' and revoked_at is null and (expires_at is null or expires_at > now())`,
);

const EXISTS = statement<{ exists: boolean }>(
  'auth.has_signing_key',
  `select exists (select from server_keys
                   where kind = 'signing' and revoked_at is null and (expires_at is null or expires_at > now()))`,
);

const TOUCH = statement<unknown>(
  'auth.touch_signing_key',
  `update server_keys set last_used_at = date_trunc('milliseconds', now()) where id = $1`,
);

const END_SESSIONS = statement<unknown>(
  'auth.end_sessions_of_key',
  `update sessions set revoked_at = now(), revoked_why = 'key_revoked' where issued_by = $1 and revoked_at is null`,
);

/** Owns: server_keys, sessions. */
@Injectable()
export class SigningKeysRepository {
  constructor(private readonly sql: Sql) {}

  /** Undefined for a key that is unknown, revoked or expired, or that does not sign tokens. */
  find(keyId: string): Promise<SigningKeyRow | undefined> {
    return this.sql.one(FIND, [keyId]);
  }

  /** Whether the host signs tokens. */
  async hasKey(): Promise<boolean> {
    return (await this.sql.one(EXISTS))!.exists;
  }

  async touch(keyId: string): Promise<void> {
    await this.sql.run(TOUCH, [keyId]);
  }

  /**
   * Ends the sessions of the tokens that a key signed or minted, in the transaction that revokes the key. A session
   * that is being opened waits for it: see `ExternalIdentitiesRepository.lockKey`.
   */
  async endSessions(tx: Queryable, keyId: string): Promise<void> {
    await tx.run(END_SESSIONS, [keyId]);
  }
}
