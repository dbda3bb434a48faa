import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../database/sql.js';

export interface IdempotentRequest {
  readonly userId: string;
  readonly action: string;
  readonly key: string;
  readonly bodyHash: Buffer;
}

/** The time of the claim as text of the database, in microseconds. */
export type Claim = string;

export interface ClaimedResponse {
  readonly status: number;
  readonly body?: unknown;
}

export interface StoredResponse {
  body_hash: Buffer;
  /** Null while the request is still being processed. */
  status: number | null;
  body: unknown;
}

/** The claim of a process that died expires after a minute; a response is stored for a day. */
const CLAIM = statement<{ claimed_at: string }>(
  'idempotency.claim',
  `insert into idempotency_keys as k (user_id, action, key, body_hash, expires_at)
   values ($1, $2, $3, $4, now() + interval '1 minute')
   on conflict (user_id, action, key) do update
      set body_hash = excluded.body_hash, status = null, body = null,
          created_at = now(), expires_at = excluded.expires_at
    where k.expires_at < now()
   returning k.created_at::text as claimed_at`,
);

const FIND = statement<StoredResponse>(
  'idempotency.find',
  `select body_hash, status, body from idempotency_keys
    where user_id = $1 and action = $2 and key = $3 and expires_at >= now()`,
);

const STORE = statement<unknown>(
  'idempotency.keep',
  `update idempotency_keys set status = $4, body = $5::jsonb, expires_at = now() + interval '1 day'
    where user_id = $1 and action = $2 and key = $3 and created_at = $6::timestamptz`,
);

const RELEASE = statement<unknown>(
  'idempotency.release',
  `delete from idempotency_keys
    where user_id = $1 and action = $2 and key = $3 and created_at = $4::timestamptz and status is null`,
);

const DELETE_EXPIRED = statement<unknown>(
  'idempotency.forget',
  `delete from idempotency_keys where ctid = any (array(
     select ctid from idempotency_keys where expires_at < now() limit 1000))`,
);

const DELETE_OF_USER = statement<unknown>('idempotency.forget_user', `delete from idempotency_keys where user_id = $1`);

const COUNT_EXPIRED = statement<{ count: number }>(
  'idempotency.count_expired',
  `select count(*) as count from idempotency_keys where expires_at < now()`,
);

/** Owns: idempotency_keys. Reads: nothing else. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Returns a claim to the first request with a key; any other receives undefined and waits for the response of the
   * first.
   */
  async claim({ userId, action, key, bodyHash }: IdempotentRequest): Promise<Claim | undefined> {
    return (await this.sql.one(CLAIM, [userId, action, key, bodyHash]))?.claimed_at;
  }

  find({ userId, action, key }: Omit<IdempotentRequest, 'bodyHash'>): Promise<StoredResponse | undefined> {
    return this.sql.one(FIND, [userId, action, key]);
  }

  /** Stores a response, unless another request has taken over the claim because this one was too late. */
  async store({ userId, action, key }: IdempotentRequest, claim: Claim, response: ClaimedResponse): Promise<void> {
    const { status, body = null } = response;
    await this.sql.run(STORE, [userId, action, key, status, JSON.stringify(body), claim]);
  }

  /** Releases the key of a failed request for reuse, unless another request has taken over the claim. */
  async release({ userId, action, key }: IdempotentRequest, claim: Claim): Promise<void> {
    await this.sql.run(RELEASE, [userId, action, key, claim]);
  }

  /** Deletes all responses to a user, with the texts in them; a request in progress then stores nothing. */
  async deleteOfUser(tx: Queryable, userId: string): Promise<void> {
    await tx.run(DELETE_OF_USER, [userId]);
  }

  async countExpired(): Promise<number> {
    return (await this.sql.one(COUNT_EXPIRED))?.count ?? 0;
  }

  /** Deletes up to a thousand expired keys. Returns how many. */
  deleteExpired(): Promise<number> {
    return this.sql.run(DELETE_EXPIRED);
  }
}
