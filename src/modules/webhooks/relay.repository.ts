import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import type { OutboxEvent } from '../../platform/event-log/outbox.repository.js';

/** An event for which deliveries are created. */
export interface RelayedEvent extends OutboxEvent {
  readonly id: string;
  readonly messageId: string | null;
  /** Null when the event could not be presented: it is presented at its attempt. */
  readonly data: object | null;
}

/**
 * An arbitrary number. Every claim takes this lock, so that the limits of an endpoint apply to all workers together.
 */
const CLAIM_LOCK = 7_265_540;

/** Whether the subject of an event of this type is a message. */
export const isAboutMessage = (type: string): string => `${type} ~ '^(message|reaction|poll)[.]'`;

/**
 * Joins participants first, not subscriptions: those per type can be far more numerous. A conversation is read once,
 * whatever the number of its events.
 */
const CREATE_DELIVERIES = statement<{ delivery_count: number }>(
  'webhooks.spread',
  `with event as materialized (
     select e.*, m.audience, m.sender_id
       from json_to_recordset($1) as e (
              id uuid, type text, stream_id uuid, seq bigint, actor_id uuid, subject_id uuid, payload jsonb,
              message_id uuid, at timestamptz, data json)
       left join messages m on m.id = e.subject_id and ${isAboutMessage('e.type')}
   ), participant as materialized (
     select s.stream_id, s.type, i.webhook_id, p.user_id, p.left_seq
       from (select distinct stream_id, type from event) s
       join participants p on p.conversation_id = s.stream_id
       join outbox_interests i on i.type = s.type and i.user_id = p.user_id
   ), candidate as materialized (
     select e.id as event_id, p.webhook_id
       from event e join participant p on p.stream_id = e.stream_id and p.type = e.type
      where (p.left_seq is null or p.left_seq > e.seq) and is_in_audience(e.audience, e.sender_id, p.user_id)
        and (e.payload -> 'only_for' is null or e.payload -> 'only_for' ? p.user_id::text)
     union
     select e.id, i.webhook_id
       from event e join outbox_interests i on i.type = e.type and i.user_id = e.stream_id
     union
     select e.id, i.webhook_id
       from event e join outbox_interests i on i.type = e.type and i.user_id = e.subject_id
      where e.type = 'participant.left'
     union
     select e.id, i.webhook_id
       from event e join outbox_interests i on i.type = e.type and i.user_id is null
   ), wanted as materialized (
     select h.event_id, h.webhook_id
       from candidate h
       join webhooks w on w.id = h.webhook_id and w.disabled_at is null
       join users u on u.id = w.user_id and u.deleted_at is null and u.deactivated_at is null
        and not user_is_banned(u.banned_at, u.banned_until)
      where w.scope = 'own' or u.role = 'admin' or u.id = '${SYSTEM_USER_ID}'
   ), stored as (
     insert into webhook_events (id, type, stream_id, seq, actor_id, subject_id, payload, message_id, at, data)
     select e.id, e.type, e.stream_id, e.seq, e.actor_id, e.subject_id, e.payload, e.message_id, e.at, e.data
       from event e where e.id in (select event_id from wanted)
   ), delivery as (
     insert into webhook_deliveries (id, webhook_id, event_id, next_attempt_at)
     select gen_random_uuid(), t.webhook_id, t.event_id, now() + make_interval(secs => $2) from wanted t
     returning 1
   )
   select count(*) as delivery_count from delivery`,
);

/** Message data presented before a deletion is not sent any more: the event is presented again, as it is then. */
const CLEAR_MESSAGE_DATA = statement<unknown>(
  'webhooks.drop_content',
  `update webhook_events set data = null where message_id = any($1::uuid[]) and data is not null and id <> all($2::uuid[])`,
);

const LOCK_CLAIMS = statement<unknown>('webhooks.lock_claims', `select pg_advisory_xact_lock(${CLAIM_LOCK})`);

/**
 * Claims due deliveries, of every webhook, host and account at most as many as it has capacity for. Webhooks with a due
 * delivery are found with a skip scan of the index, so that a million deliveries waiting for one webhook cost as much
 * as one.
 *
 * Where capacity is short, the least served is first: a rank counts what is in progress, so that the first delivery of
 * an account without any precedes the second of every other account, at a host and in a queue.
 */
const CLAIM = statement<Claim>(
  'webhooks.claim',
  `with recursive endpoint (webhook_id) as (
     (select webhook_id from webhook_deliveries where status = 'waiting' order by webhook_id limit 1)
     union all
     select (select d.webhook_id from webhook_deliveries d
              where d.status = 'waiting' and d.webhook_id > e.webhook_id order by d.webhook_id limit 1)
       from endpoint e where e.webhook_id is not null
   ), under_way as materialized (
     select d.webhook_id, w.user_id, w.target_host as host, w.failures >= $2 as is_failing, count(*) as count
       from webhook_deliveries d join webhooks w on w.id = d.webhook_id
      where d.status = 'queued' group by d.webhook_id, w.user_id, w.target_host, is_failing
   ), due as (
     select d.id, d.next_attempt_at, w.id as webhook_id, w.user_id, w.target_host as host, w.failures >= $2 as is_failing
       from endpoint e
       join webhooks w on w.id = e.webhook_id and w.disabled_at is null and w.fail_until is null
                        and w.verified_at is not null
      cross join lateral (
        select id, next_attempt_at from webhook_deliveries
         where webhook_id = w.id and status = 'waiting' and next_attempt_at <= now()
         order by next_attempt_at
         limit greatest(0, case when w.failures >= $2 then 1 else $1 end
                           - coalesce((select count from under_way u where u.webhook_id = w.id), 0))) d
   ), of_webhook as (
     select due.*, coalesce(o.count, 0)
                   + row_number() over (partition by webhook_id order by next_attempt_at, id) as webhook_rank
       from due left join (select webhook_id, sum(count) as count from under_way group by 1) o using (webhook_id)
   ), of_user as (
     select w.*, coalesce(o.count, 0)
                 + row_number() over (partition by user_id order by webhook_rank, next_attempt_at, id) as user_rank
       from of_webhook w left join (select user_id, sum(count) as count from under_way group by 1) o using (user_id)
   ), of_host as (
     select u.*, coalesce(o.count, 0)
                 + row_number() over (partition by host order by user_rank, next_attempt_at, id) as host_rank
       from of_user u left join (select host, sum(count) as count from under_way group by 1) o using (host)
      where u.user_rank <= $4
   ), of_queue as (
     select h.*, coalesce(o.count, 0)
                 + row_number() over (partition by is_failing order by user_rank, next_attempt_at, id) as queue_rank
       from of_host h left join (select is_failing, sum(count) as count from under_way group by 1) o using (is_failing)
      where h.host_rank <= $3
   ), chosen as materialized (
     select l.id, l.is_failing from of_queue l join webhook_deliveries d on d.id = l.id and d.status = 'waiting'
      where l.queue_rank <= $5
      order by l.user_rank, l.next_attempt_at, l.id limit $6 for no key update of d skip locked
   )
   update webhook_deliveries d
      set status = 'queued', queued_at = now(), claims = claims + 1
     from chosen
    where d.id = chosen.id
   returning d.id, d.attempts, d.claims, chosen.is_failing`,
);

/**
 * For deliveries whose job was lost or whose worker died. Those that were claimed too often are given up: they may be
 * the cause.
 */
const RELEASE_EXPIRED = statement<unknown>(
  'webhooks.rescue',
  `update webhook_deliveries
      set status = case when claims >= $2 then 'failed' else 'waiting' end,
          reason = case when claims >= $2 then 'worker_died' end,
          settled_at = case when claims >= $2 then now() end,
          queued_at = null, next_attempt_at = now()
    where id in (select id from webhook_deliveries
                  where status = 'queued' and queued_at < now() - make_interval(secs => $1) for update skip locked)`,
);

const RELEASE_CLAIMS = statement<unknown>(
  'webhooks.put_back',
  `update webhook_deliveries set status = 'waiting', queued_at = null, claims = claims - 1
    where id = any($1::uuid[]) and status = 'queued'`,
);

export interface ClaimLimits {
  readonly perWebhook: number;
  /** Consecutive failures from which on a webhook gets one attempt at a time, in the queue of failing webhooks. */
  readonly failingFrom: number;
  readonly perHost: number;
  /** For all webhooks of one account. */
  readonly perUser: number;
  /** In each of the two queues, that of working and that of failing webhooks. */
  readonly perQueue: number;
  readonly batchSize: number;
}

/** A queued delivery. A later claim of the same delivery invalidates this one. */
export interface Claim {
  readonly id: string;
  readonly attempts: number;
  readonly claims: number;
  readonly is_failing: boolean;
}

/** Owns: webhook_events, webhook_deliveries. Reads: webhooks, outbox_interests, users, participants, messages. */
@Injectable()
export class RelayRepository {
  constructor(private readonly sql: Sql) {}

  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.sql.transaction(work);
  }

  /** Creates the deliveries of these events, one for each webhook that may see it now. Returns how many. */
  async createDeliveries(tx: Queryable, events: readonly RelayedEvent[], firstDelaySeconds: number): Promise<number> {
    const rows = events.map((event) => ({
      id: event.id,
      type: event.type,
      stream_id: event.streamId,
      seq: event.seq,
      actor_id: event.actorId,
      subject_id: event.subjectId,
      payload: event.payload,
      message_id: event.messageId,
      at: event.at,
      data: event.data,
    }));
    return (await tx.one(CREATE_DELIVERIES, [JSON.stringify(rows), firstDelaySeconds]))?.delivery_count ?? 0;
  }

  async clearMessageData(tx: Queryable, messageIds: string[], exceptEventIds: string[]): Promise<void> {
    if (messageIds.length > 0) await tx.run(CLEAR_MESSAGE_DATA, [messageIds, exceptEventIds]);
  }

  claim({ perWebhook, failingFrom, perHost, perUser, perQueue, batchSize }: ClaimLimits): Promise<Claim[]> {
    return this.sql.transaction(async (tx) => {
      await tx.many(LOCK_CLAIMS);
      return tx.many(CLAIM, [perWebhook, failingFrom, perHost, perUser, perQueue, batchSize]);
    });
  }

  /** Returns how many were released from jobs that should have ended long ago. */
  releaseExpiredClaims(olderThanSeconds: number, maxClaims: number): Promise<number> {
    return this.sql.run(RELEASE_EXPIRED, [olderThanSeconds, maxClaims]);
  }

  /** Releases claims that the queue did not accept. */
  async releaseClaims(ids: string[]): Promise<void> {
    await this.sql.run(RELEASE_CLAIMS, [ids]);
  }
}
