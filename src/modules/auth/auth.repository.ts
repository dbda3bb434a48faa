import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

const NO_USER = '00000000-0000-0000-0000-000000000000';

const INSERT_CREDENTIAL = statement<unknown>(
  'auth.insert_credential',
  `insert into credentials (user_id, password_hash) values ($1, $2)`,
);

const FIND_CREDENTIAL = statement<{ password_hash: string }>(
  'auth.find_credential',
  `select password_hash from credentials where user_id = $1`,
);

const LOCK_USER = statement<unknown>(
  'auth.lock_user',
  `select from users where id = $1 and deleted_at is null and deactivated_at is null for key share`,
);

const LOCK_CREDENTIAL = statement<{ user_id: string }>(
  'auth.lock_credential',
  `select user_id from credentials where user_id = $1 and password_hash = $2 for no key update`,
);

const DELETE_CREDENTIAL = statement<unknown>('auth.delete_credential', `delete from credentials where user_id = $1`);

const REPLACE_CREDENTIAL = statement<unknown>(
  'auth.replace_credential',
  `update credentials set password_hash = $3, changed_at = now() where user_id = $1 and password_hash = $2`,
);

const REHASH_CREDENTIAL = statement<unknown>(
  'auth.rehash_credential',
  `update credentials set password_hash = $3 where user_id = $1 and password_hash = $2`,
);

const KNOWS_DEVICE = statement<{ is_known: boolean }>(
  'auth.knows_device',
  `select exists (select from known_devices where user_id = $1 and device_hash = $2) as is_known`,
);

const REMEMBER_DEVICE = statement<unknown>(
  'auth.remember_device',
  `with oldest as (
     delete from known_devices where user_id = $1 and device_hash in (
       select device_hash from known_devices where user_id = $1 order by last_used_at desc offset 19))
   insert into known_devices (user_id, device_hash) values ($1, $2)
   on conflict (user_id, device_hash) do update set last_used_at = now()`,
);

const FORGET_DEVICES = statement<unknown>('auth.forget_devices', `delete from known_devices where user_id = $1`);

/**
 * Counts an attempt before its password is checked, so that a hundred concurrent attempts count as a hundred. While the
 * pair of account and source is locked, nothing changes: a refused attempt neither extends the lock nor counts.
 */
const COUNT_ATTEMPT = statement<{ is_allowed: boolean; retry_after: number }>(
  'auth.count_try',
  `insert into login_failures as f (account, source, failures, last_at, attempt) values ($1, $2, 1, now(), $3)
   on conflict (account, source) do update set
     failures     = case when f.locked_until > now() then f.failures
                         when f.last_at < now() - interval '1 hour' then 1
                         else f.failures + 1 end,
     locked_until = case when f.locked_until > now() then f.locked_until
                         when f.last_at < now() - interval '1 hour' or f.failures + 1 < $4 then null
                         else now() + make_interval(secs => least($6, $5 * 2 ^ least(f.failures + 1 - $4, 20))) end,
     attempt      = case when f.locked_until > now() then f.attempt else $3 end,
     last_at      = case when f.locked_until > now() then f.last_at else now() end
   returning attempt = $3 as is_allowed,
             ceil(extract(epoch from coalesce(locked_until, now()) - now()))::int as retry_after`,
);

/** A lock that a concurrent attempt has set stays. */
const REFUND_ATTEMPT = statement<unknown>(
  'auth.forgive_try',
  `update login_failures
      set failures = greatest(failures - 1, 0), locked_until = case when attempt = $3 then null else locked_until end
    where account = $1 and source = $2`,
);

const CLEAR_FAILURES = statement<unknown>(
  'auth.clear_failures',
  `delete from login_failures where account = $1 and source = $2`,
);

const PURGE_FAILURES = statement<unknown>(
  'auth.purge_failures',
  `delete from login_failures where last_at < now() - interval '1 day'`,
);

/** How many failures are allowed, and how the lock grows after them. */
export interface LockoutRule {
  readonly allowedFailures: number;
  readonly firstSeconds: number;
  readonly maxSeconds: number;
}

/** Owns: credentials, known_devices, login_failures. */
@Injectable()
export class AuthRepository {
  constructor(private readonly sql: Sql) {}

  async insertCredential(tx: Queryable, userId: string, passwordHash: string): Promise<void> {
    await tx.run(INSERT_CREDENTIAL, [userId, passwordHash]);
  }

  /** Queries the database also without a user, so that the response time does not reveal whether one exists. */
  async findPasswordHash(userId: string | undefined): Promise<string | undefined> {
    return (await this.sql.one(FIND_CREDENTIAL, [userId ?? NO_USER]))?.password_hash;
  }

  /**
   * Returns whether the account exists and its password is still the one that was checked. Until the transaction ends
   * neither changes, and another login of the account waits. All transactions lock the rows of an account in this
   * order: the user, the credential, the devices, the sessions.
   */
  async lockPassword(tx: Queryable, userId: string, passwordHash: string): Promise<boolean> {
    if (!(await tx.one(LOCK_USER, [userId]))) return false;
    return (await tx.one(LOCK_CREDENTIAL, [userId, passwordHash])) !== undefined;
  }

  /** Sets a new password. Returns false when the old one has been changed in the meantime. */
  async replacePassword(tx: Queryable, userId: string, oldHash: string, newHash: string): Promise<boolean> {
    return (await tx.run(REPLACE_CREDENTIAL, [userId, oldHash, newHash])) === 1;
  }

  async deleteCredential(tx: Queryable, userId: string): Promise<void> {
    await tx.run(DELETE_CREDENTIAL, [userId]);
  }

  /** Stores the same password with the current hash function. */
  async rehashPassword(userId: string, oldHash: string, newHash: string): Promise<boolean> {
    return (await this.sql.run(REHASH_CREDENTIAL, [userId, oldHash, newHash])) === 1;
  }

  async knowsDevice(userId: string | undefined, deviceHash: Buffer): Promise<boolean> {
    return (await this.sql.one(KNOWS_DEVICE, [userId ?? NO_USER, deviceHash]))!.is_known;
  }

  /** The last twenty used devices of a user are stored. */
  async rememberDevice(tx: Queryable, userId: string, deviceHash: Buffer): Promise<void> {
    await tx.run(REMEMBER_DEVICE, [userId, deviceHash]);
  }

  async deleteDevices(tx: Queryable, userId: string): Promise<void> {
    await tx.run(FORGET_DEVICES, [userId]);
  }

  /** Counts one attempt; `attempt` is a new id. Returns whether it is allowed and, if not, the seconds to wait. */
  async countAttempt(
    pair: { account: string; source: string },
    attempt: string,
    rule: LockoutRule,
  ): Promise<{ is_allowed: boolean; retry_after: number }> {
    const values = [pair.account, pair.source, attempt, rule.allowedFailures, rule.firstSeconds, rule.maxSeconds];
    return (await this.sql.one(COUNT_ATTEMPT, values))!;
  }

  async refundAttempt(pair: { account: string; source: string }, attempt: string): Promise<void> {
    await this.sql.run(REFUND_ATTEMPT, [pair.account, pair.source, attempt]);
  }

  async clearFailures(pair: { account: string; source: string }): Promise<void> {
    await this.sql.run(CLEAR_FAILURES, [pair.account, pair.source]);
  }

  purgeFailures(): Promise<number> {
    return this.sql.run(PURGE_FAILURES);
  }

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }
}
