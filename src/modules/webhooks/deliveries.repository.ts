import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

export type DeliveryStatus = 'waiting' | 'queued' | 'delivered' | 'failed' | 'cancelled';

export interface AttemptRow {
  readonly number: number;
  readonly at: string;
  readonly duration_ms: number;
  readonly status_code: number | null;
  readonly error: string | null;
  readonly answer: string | null;
  /** Whether the attempt connected to a private IP address; null for attempts from before this was recorded. */
  readonly is_private: boolean | null;
}

export interface DeliveryRow {
  readonly id: string;
  readonly webhook_id: string;
  readonly event_id: string;
  readonly event: string;
  readonly event_at: Date;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly attempts: number;
  readonly next_attempt_at: Date;
  readonly settled_at: Date | null;
  readonly created_at: Date;
  readonly log: AttemptRow[] | null;
}

export interface ReplayRange {
  readonly from: Date;
  readonly to: Date;
  readonly settledBefore: Date;
}

/** The position of a page in the list: after the delivery with this time and id. */
export type DeliveryCursor = readonly [millis: number, id: string];

/** The delivery was waiting when its webhook was disabled, and is still to be recorded as failed. */
const HAS_FAILED = `d.status in ('waiting', 'queued') and d.created_at <= w.fail_until`;
const STATUS = `case when ${HAS_FAILED} then 'failed' else d.status end`;

const COLUMNS = `d.id, d.webhook_id, d.event_id, e.type as event, e.at as event_at, ${STATUS} as status,
  case when ${HAS_FAILED} then 'webhook_disabled'
       when d.status = 'waiting' and w.verified_at is null then 'webhook_not_verified' else d.reason end as reason,
  d.attempts, d.next_attempt_at,
  case when ${HAS_FAILED} then w.fail_until else d.settled_at end as settled_at, d.created_at,
  (select json_agg(json_build_object('number', a.number, 'at', a.at, 'duration_ms', a.duration_ms,
                                     'status_code', a.status_code, 'error', a.error, 'answer', a.answer,
                                     'is_private', a.is_private) order by a.number)
     from webhook_attempts a where a.delivery_id = d.id) as log`;

const TABLES = `webhook_deliveries d join webhook_events e on e.id = d.event_id join webhooks w on w.id = d.webhook_id`;

const FIND = statement<DeliveryRow>('webhooks.find_delivery', `select ${COLUMNS} from ${TABLES} where d.id = $1`);

const PAGE = statement<DeliveryRow>(
  'webhooks.page_deliveries',
  `select ${COLUMNS} from ${TABLES}
    where d.webhook_id = $1 and ($2::text[] is null or ${STATUS} = any($2)) and ($3::text is null or e.type = $3)
      and ($4::timestamptz is null or (d.created_at, d.id) < ($4, $5::uuid))
    order by d.created_at desc, d.id desc limit $6`,
);

/** The retry schedule starts again; earlier attempts stay in the log. */
const RESTART = `status = 'waiting', reason = null, tries = 0, claims = 0, next_attempt_at = now(), queued_at = null, settled_at = null`;

const REPLAY_ONE = statement<unknown>(
  'webhooks.replay_delivery',
  `update webhook_deliveries set ${RESTART} where id = $1 and status <> 'queued'`,
);

const REPLAY_FAILED = statement<unknown>(
  'webhooks.replay_failed',
  `update webhook_deliveries set ${RESTART}
    where id in (select id from webhook_deliveries where webhook_id = $1 and status = 'failed' order by id limit $2)`,
);

const REPLAY_RANGE = statement<unknown>(
  'webhooks.replay_range',
  `update webhook_deliveries set ${RESTART}
    where id in (
      select d.id from webhook_deliveries d join webhook_events e on e.id = d.event_id
       where d.webhook_id = $1 and d.status in ('delivered', 'failed', 'cancelled')
         and e.at >= $2 and e.at <= $3 and d.settled_at < $4
       order by d.id limit $5)`,
);

const INSERT_EVENT = statement<unknown>(
  'webhooks.insert_event',
  `insert into webhook_events (id, type, stream_id, subject_id, actor_id, at, data) values ($1, $2, $3, $4, $3, now(), $5)`,
);

const INSERT_DELIVERY = statement<unknown>(
  'webhooks.insert_delivery',
  `insert into webhook_deliveries (id, webhook_id, event_id) values ($1, $2, $3)`,
);

/** Events past their retention with no pending delivery. Their deliveries are deleted with them. */
const OLD = `e.created_at < now() - make_interval(days => $1) and not exists (
  select from webhook_deliveries d where d.event_id = e.id and d.status in ('waiting', 'queued'))`;

const DELETE_OLD = statement<unknown>(
  'webhooks.forget_old',
  `delete from webhook_events where id in (select e.id from webhook_events e where ${OLD} limit $2)`,
);

const COUNT_OLD = statement<{ count: number }>(
  'webhooks.count_old',
  `select count(*) as count from webhook_events e where ${OLD}`,
);

/** Events whose deliveries were all settled an hour ago. A replay presents them as they are then. */
const LARGE = `e.seq is not null and octet_length(e.data::text) > 20480 and e.created_at < now() - interval '1 hour'
  and not exists (select from webhook_deliveries d where d.event_id = e.id and d.status in ('waiting', 'queued'))`;

const CLEAR_LARGE = statement<unknown>(
  'webhooks.forget_large',
  `update webhook_events set data = null where id in (select e.id from webhook_events e where ${LARGE} limit $1)`,
);

const COUNT_LARGE = statement<{ count: number }>(
  'webhooks.count_large',
  `select count(*) as count from webhook_events e where ${LARGE} and not (${OLD})`,
);

/** Owns: webhook_events, webhook_deliveries. Reads: webhooks, webhook_attempts. */
@Injectable()
export class DeliveriesRepository {
  constructor(private readonly sql: Sql) {}

  find(id: string, tx: Queryable = this.sql): Promise<DeliveryRow | undefined> {
    return tx.one(FIND, [id]);
  }

  /** Newest first; one row more than the page has. */
  page(
    webhookId: string,
    filter: { statuses?: readonly DeliveryStatus[]; event?: string; after?: DeliveryCursor; limit: number },
  ): Promise<DeliveryRow[]> {
    const { statuses = null, event = null, after, limit } = filter;
    const [millis, id] = after ?? [null, null];
    return this.sql.many(PAGE, [webhookId, statuses, event, millis === null ? null : new Date(millis), id, limit + 1]);
  }

  async replay(tx: Queryable, id: string): Promise<void> {
    await tx.run(REPLAY_ONE, [id]);
  }

  /**
   * Replays failed deliveries. With a range, replays those of its events that were settled before `settledBefore`, so
   * that repeated calls continue with the rest. Returns how many are replayed.
   */
  replayMany(tx: Queryable, webhookId: string, range: ReplayRange | undefined, limit: number): Promise<number> {
    if (!range) return tx.run(REPLAY_FAILED, [webhookId, limit]);
    return tx.run(REPLAY_RANGE, [webhookId, range.from, range.to, range.settledBefore, limit]);
  }

  /** Returns how many events were deleted, together with their deliveries and attempts. */
  deleteOld(days: number, limit: number): Promise<number> {
    return this.sql.run(DELETE_OLD, [days, limit]);
  }

  async countOld(days: number): Promise<number> {
    return (await this.sql.one(COUNT_OLD, [days]))?.count ?? 0;
  }

  /** Counts those that `deleteOld` would leave. */
  async countLargeBodies(days: number): Promise<number> {
    return (await this.sql.one(COUNT_LARGE, [days]))?.count ?? 0;
  }

  clearLargeBodies(limit: number): Promise<number> {
    return this.sql.run(CLEAR_LARGE, [limit]);
  }

  /** Inserts an event for one webhook only. */
  async insertForWebhook(
    tx: Queryable,
    event: { id: string; type: string; userId: string; webhookId: string; deliveryId: string; data: object },
  ): Promise<void> {
    const { id, type, userId, webhookId, deliveryId, data } = event;
    await tx.run(INSERT_EVENT, [id, type, userId, webhookId, JSON.stringify(data)]);
    await tx.run(INSERT_DELIVERY, [deliveryId, webhookId, id]);
  }
}
