import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../database/sql.js';

export interface IdempotentRequest {
  readonly userId: string;
  readonly action: string;
  readonly key: string;
  readonly bodyHash: Buffer;
}

/** When it was made, as the database writes it: to the microsecond. */
export type Claim = string;

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

export interface KeptAnswer {
  body_hash: Buffer;
  /** Null while the request is still being answered. */
  status: number | null;
  body: unknown;
}

/** A claim whose process died is free again after a minute; an answer is kept for a day. */
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

const FIND = statement<KeptAnswer>(
  'idempotency.find',
  `select body_hash, status, body from idempotency_keys
    where user_id = $1 and action = $2 and key = $3 and expires_at >= now()`,
);

const KEEP = statement<unknown>(
  'idempotency.keep',
  `update idempotency_keys set status = $4, body = $5::jsonb, expires_at = now() + interval '1 day'
    where user_id = $1 and action = $2 and key = $3 and created_at = $6::timestamptz`,
);

const RELEASE = statement<unknown>(
  'idempotency.release',
  `delete from idempotency_keys
    where user_id = $1 and action = $2 and key = $3 and created_at = $4::timestamptz and status is null`,
);

const FORGET = statement<unknown>(
  'idempotency.forget',
  `delete from idempotency_keys where ctid = any (array(
     select ctid from idempotency_keys where expires_at < now() limit 1000))`,
);

const FORGET_USER = statement<unknown>('idempotency.forget_user', `delete from idempotency_keys where user_id = $1`);

const COUNT_EXPIRED = statement<{ count: number }>(
  'idempotency.count_expired',
  `select count(*) as count from idempotency_keys where expires_at < now()`,
);

/** Owns: idempotency_keys. Reads: nothing else. */
@Injectable()
export class IdempotencyRepository {
  constructor(private readonly sql: Sql) {}

  /** The claim of the first request with its key; every other one has none, and has to wait for that one's answer. */
  async claim({ userId, action, key, bodyHash }: IdempotentRequest): Promise<Claim | undefined> {
    return (await this.sql.one(CLAIM, [userId, action, key, bodyHash]))?.claimed_at;
  }

  find({ userId, action, key }: Omit<IdempotentRequest, 'bodyHash'>): Promise<KeptAnswer | undefined> {
    return this.sql.one(FIND, [userId, action, key]);
  }

  /** Nothing is kept of a request so late that another one has taken over its claim. */
  async keep({ userId, action, key }: IdempotentRequest, claim: Claim, answer: Answer): Promise<void> {
    const { status, body = null } = answer;
    await this.sql.run(KEEP, [userId, action, key, status, JSON.stringify(body), claim]);
  }

  /** The request failed: the key may be used again at once, unless another one has taken it over. */
  async release({ userId, action, key }: IdempotentRequest, claim: Claim): Promise<void> {
    await this.sql.run(RELEASE, [userId, action, key, claim]);
  }

  /** Takes out what a user was answered, with the texts in it; a request under way keeps nothing any more. */
  async forgetUser(tx: Queryable, userId: string): Promise<void> {
    await tx.run(FORGET_USER, [userId]);
  }

  async countExpired(): Promise<number> {
    return (await this.sql.one(COUNT_EXPIRED))?.count ?? 0;
  }

  /** Takes out up to a thousand keys that are past their time. Answers how many. */
  forgetExpired(): Promise<number> {
    return this.sql.run(FORGET);
  }
}
