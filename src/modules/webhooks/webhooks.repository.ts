import { Injectable } from '@nestjs/common';
import { hostNameOf } from '../../platform/http/host-names.js';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

export type WebhookScope = 'own' | 'all';
export type DisabledReason = 'owner' | 'gone' | 'failing' | 'unverified';

/** Challenges to a URL before its webhook is disabled. */
export const MAX_CHALLENGES = 3;

export interface WebhookRow {
  readonly id: string;
  readonly user_id: string;
  readonly scope: WebhookScope;
  readonly url: string;
  readonly events: string[];
  readonly description: string;
  readonly previous_secret_until: Date | null;
  readonly disabled_at: Date | null;
  readonly disabled_why: DisabledReason | null;
  /**
   * Pending deliveries created until this time have failed, because the webhook has been disabled since. Null when none
   * is left.
   */
  readonly fail_until: Date | null;
  /** Null until the URL has passed a challenge. */
  readonly verified_at: Date | null;
  readonly challenge_at: Date | null;
  readonly challenge_tries: number;
  readonly challenge_error: string | null;
  readonly target_host: string;
  readonly failures: number;
  readonly failing_since: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface NewWebhook {
  readonly id: string;
  readonly userId: string;
  readonly scope: WebhookScope;
  readonly url: URL;
  readonly events: readonly string[];
  readonly description: string;
  readonly encryptedSecret: Buffer;
  /** Whether the URL counts as verified without a challenge. */
  readonly isTrusted: boolean;
}

const COLUMNS = `w.id, w.user_id, w.scope, w.url, w.events, w.description, w.previous_secret_until, w.disabled_at,
  w.disabled_why, w.fail_until, w.verified_at, w.challenge_at, w.challenge_tries, w.challenge_error, w.target_host, w.failures, w.failing_since, w.created_at, w.updated_at`;

/**
 * The webhooks that an actor may manage: their own, and for admins also those with the scope all of any owner.
 */
const MANAGEABLE = `(w.user_id = $1 or ($2::boolean and w.scope = 'all'))`;

const INSERT = statement<unknown>(
  'webhooks.insert',
  `insert into webhooks (id, user_id, scope, url, host, events, description, secret_box)
   values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

const COUNT = statement<{ count: number }>(
  'webhooks.count',
  `select count(*) as count from webhooks where user_id = $1`,
);

const COUNT_AT_HOST = statement<{ count: number }>(
  'webhooks.count_at',
  `select count(*) as count from webhooks where user_id = $1 and target_host = $2`,
);

const FIND = statement<WebhookRow>(
  'webhooks.find',
  `select ${COLUMNS} from webhooks w where ${MANAGEABLE} and w.id = $3`,
);

const PAGE = statement<WebhookRow>(
  'webhooks.page',
  `select ${COLUMNS} from webhooks w where ${MANAGEABLE} and ($3::uuid is null or w.id < $3) order by w.id desc limit $4`,
);

const UPDATE = statement<unknown>(
  'webhooks.update',
  `update webhooks
      set url = coalesce($2, url), host = coalesce($3, host), events = coalesce($4, events),
          description = coalesce($5, description), updated_at = date_trunc('milliseconds', now())
    where id = $1`,
);

const ENABLE = statement<unknown>(
  'webhooks.enable',
  `update webhooks set disabled_at = null, disabled_why = null, failures = 0, failing_since = null where id = $1`,
);

/** Earlier challenges, also those of another URL, do not count any more. */
const RESET_VERIFICATION = statement<unknown>(
  'webhooks.note_address',
  `update webhooks
      set verified_at = case when $2 then now() end, challenge_at = case when not $2 then now() end,
          challenge_tries = 0, challenge_error = null
    where id = $1`,
);

const DISABLE = statement<{ user_id: string }>(
  'webhooks.disable',
  `update webhooks set disabled_at = now(), disabled_why = $2, fail_until = now()
    where id = $1 and disabled_at is null
      and ($2 <> 'unverified' or verified_at is null and challenge_tries >= ${MAX_CHALLENGES})
   returning user_id`,
);

/** The maximum number of waiting deliveries that one statement marks as failed. */
const FAIL_BATCH_SIZE = 5000;

/** Marks all deliveries in progress as failed, and some of those that wait. */
const FAIL_WAITING = statement<unknown>(
  'webhooks.fail_waiting',
  `with stale as materialized (
     (select id from webhook_deliveries where webhook_id = $1 and status = 'queued')
     union all
     (select d.id from webhook_deliveries d join webhooks w on w.id = d.webhook_id
       where d.webhook_id = $1 and d.status = 'waiting' and d.created_at <= w.fail_until
       order by d.next_attempt_at limit $2)
   ), locked as materialized (
     select id from webhook_deliveries
      where id in (select id from stale) and status in ('waiting', 'queued') order by id for update
   )
   update webhook_deliveries d
      set status = 'failed', reason = 'webhook_disabled', queued_at = null,
          settled_at = (select fail_until from webhooks where id = $1)
     from locked
    where d.id = locked.id`,
);

const CLEAR_FAIL_UNTIL = statement<unknown>(
  'webhooks.note_none_waits',
  `update webhooks w set fail_until = null
    where id = $1
      and not exists (select from webhook_deliveries d where d.webhook_id = w.id and d.status = 'queued')
      and not exists (select from webhook_deliveries d
                       where d.webhook_id = w.id and d.status = 'waiting' and d.created_at <= w.fail_until)`,
);

/** One that no other worker has locked. */
const NEXT_TO_FAIL = statement<{ id: string }>(
  'webhooks.next_to_fail',
  `select id from webhooks where fail_until is not null order by id limit 1 for no key update skip locked`,
);

const ROTATE = statement<unknown>(
  'webhooks.rotate',
  `update webhooks
      set previous_secret_box = secret_box, previous_secret_until = now() + interval '24 hours', secret_box = $2,
          updated_at = date_trunc('milliseconds', now())
    where id = $1`,
);

const DELETE = statement<unknown>('webhooks.delete', `delete from webhooks where id = $1`);

const DELETE_ALL = statement<unknown>('webhooks.delete_all', `delete from webhooks where user_id = $1`);

const DELETE_INTERESTS = statement<unknown>(
  'webhooks.forget_interests',
  `delete from outbox_interests where webhook_id = $1`,
);

const INSERT_INTERESTS = statement<unknown>(
  'webhooks.note_interests',
  `insert into outbox_interests (webhook_id, type, user_id)
   select w.id, wanted, case when w.scope = 'own' then w.user_id end
     from webhooks w cross join lateral unnest(w.events) wanted
    where w.id = $1 and w.disabled_at is null`,
);

/** Owns: webhooks, outbox_interests, webhook_deliveries. Reads: nothing else. */
@Injectable()
export class WebhooksRepository {
  constructor(private readonly sql: Sql) {}

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  async count(tx: Queryable, userId: string): Promise<number> {
    return (await tx.one(COUNT, [userId]))?.count ?? 0;
  }

  /** Counts the webhooks of a user at a host, whatever the port. */
  async countAtHost(tx: Queryable, userId: string, host: string): Promise<number> {
    return (await tx.one(COUNT_AT_HOST, [userId, host]))?.count ?? 0;
  }

  async insert(tx: Queryable, webhook: NewWebhook): Promise<void> {
    const { id, userId, scope, url, events, description, encryptedSecret } = webhook;
    await tx.run(INSERT, [id, userId, scope, url.href, hostNameOf(url), [...events], description, encryptedSecret]);
    await this.resetVerification(tx, id, webhook.isTrusted);
    await this.replaceInterests(tx, id);
  }

  find(actor: WebhookViewer, id: string, tx: Queryable = this.sql): Promise<WebhookRow | undefined> {
    return tx.one(FIND, [actor.userId, actor.isAdmin, id]);
  }

  /** Newest first; one row more than the page has. */
  page(actor: WebhookViewer, after: string | undefined, limit: number): Promise<WebhookRow[]> {
    return this.sql.many(PAGE, [actor.userId, actor.isAdmin, after ?? null, limit + 1]);
  }

  async update(tx: Queryable, id: string, changes: WebhookChanges): Promise<void> {
    const { url, events, description } = changes;
    await tx.run(UPDATE, [id, url?.href ?? null, url ? hostNameOf(url) : null, events ?? null, description ?? null]);
    await this.replaceInterests(tx, id);
  }

  /** A URL that is not trusted is due for a challenge now. */
  async resetVerification(tx: Queryable, id: string, isTrusted: boolean): Promise<void> {
    await tx.run(RESET_VERIFICATION, [id, isTrusted]);
  }

  /** Events are sent again from now on; earlier failures are reset. */
  async enable(tx: Queryable, id: string): Promise<void> {
    await tx.run(ENABLE, [id]);
    await this.replaceInterests(tx, id);
  }

  /**
   * Stops all sending. Pending deliveries count as failed, and can be replayed once `failPendingBatch` has marked all
   * of them. Returns the owner if the webhook was active.
   */
  async disable(tx: Queryable, id: string, reason: DisabledReason): Promise<string | undefined> {
    const disabled = await tx.one(DISABLE, [id, reason]);
    if (!disabled) return undefined;
    await tx.run(DELETE_INTERESTS, [id]);
    await this.failPending(tx, id);
    return disabled.user_id;
  }

  /** Marks pending deliveries of a disabled webhook as failed; returns false when there were none. */
  failPendingBatch(): Promise<boolean> {
    return this.sql.transaction(async (tx) => {
      const next = await tx.one(NEXT_TO_FAIL);
      if (next) await this.failPending(tx, next.id);
      return next !== undefined;
    });
  }

  /** The previous secret also signs for 24 hours. */
  async rotate(tx: Queryable, id: string, encryptedSecret: Buffer): Promise<void> {
    await tx.run(ROTATE, [id, encryptedSecret]);
  }

  async delete(tx: Queryable, id: string): Promise<void> {
    await tx.run(DELETE, [id]);
  }

  async deleteAll(tx: Queryable, userId: string): Promise<void> {
    await tx.run(DELETE_ALL, [userId]);
  }

  private async failPending(tx: Queryable, id: string): Promise<void> {
    await tx.run(FAIL_WAITING, [id, FAIL_BATCH_SIZE]);
    await tx.run(CLEAR_FAIL_UNTIL, [id]);
  }

  private async replaceInterests(tx: Queryable, id: string): Promise<void> {
    await tx.run(DELETE_INTERESTS, [id]);
    await tx.run(INSERT_INTERESTS, [id]);
  }
}

export interface WebhookViewer {
  readonly userId: string;
  readonly isAdmin: boolean;
}

export interface WebhookChanges {
  readonly url?: URL;
  readonly events?: string[];
  readonly description?: string;
}
