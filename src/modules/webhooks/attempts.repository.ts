import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { AttemptResult } from './webhook-client.js';
import type { DeliveryJob } from './delivery-job.js';

/** Everything a try needs to know, as of now. */
export interface DueDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly user_id: string;
  readonly url: string;
  readonly secret_box: Buffer;
  readonly previous_secret_box: Buffer | null;
  readonly tries: number;
  readonly event_id: string;
  readonly type: string;
  readonly stream_id: string;
  readonly seq: number | null;
  readonly actor_id: string | null;
  readonly subject_id: string | null;
  readonly payload: Record<string, unknown> | null;
  readonly at: Date;
  readonly data: object | null;
  readonly is_disabled: boolean;
  /** Whether the owner may see it, now. */
  readonly is_visible: boolean;
  /** A message it shows text of has been deleted. */
  readonly has_lost_content: boolean;
  readonly is_conversation_gone: boolean;
}

const LOAD = statement<DueDelivery>(
  'webhooks.load_delivery',
  `select d.id, d.webhook_id, w.user_id, w.url, w.secret_box, d.tries,
          case when w.previous_secret_until > now() then w.previous_secret_box end as previous_secret_box,
          e.id as event_id, e.type, e.stream_id, e.seq, e.actor_id, e.subject_id, e.payload, e.at, e.data,
          w.disabled_at is not null as is_disabled,
          u.deleted_at is null and not user_is_banned(u.banned_at, u.banned_until) and case w.scope
            when 'all' then u.role = 'admin'
            else e.stream_id = w.user_id or exists (
              select from participants p join conversations c on c.id = p.conversation_id
               where p.conversation_id = e.stream_id and p.user_id = w.user_id and p.left_seq is null
                 and (c.deleted_at is null or e.type = 'conversation.deleted'))
          end as is_visible,
          e.message_id is not null and not exists (
            select from messages m left join messages parent on parent.id = m.reply_to_id
             where m.id = e.message_id and m.deleted_at is null and parent.deleted_at is null) as has_lost_content,
          coalesce((select c.deleted_at is not null from conversations c where c.id = e.stream_id), false)
            as is_conversation_gone
     from webhook_deliveries d
     join webhooks w on w.id = d.webhook_id
     join webhook_events e on e.id = d.event_id
     join users u on u.id = w.user_id
    where d.id = $1 and d.status = 'queued' and d.attempts = $2 and d.claims = $3`,
);

const CANCEL = statement<unknown>(
  'webhooks.cancel_delivery',
  `update webhook_deliveries set status = 'cancelled', reason = $2, queued_at = null, settled_at = now()
    where id = $1 and status = 'queued'`,
);

const FORGET_DATA = statement<unknown>('webhooks.forget_data', `update webhook_events set data = null where id = $1`);

const RECORD = statement<{ webhook_id: string; failing_seconds: number }>(
  'webhooks.record_attempt',
  `with settled as (
     update webhook_deliveries
        set status = $2, reason = $3, attempts = attempts + 1, tries = tries + 1, claims = 0, queued_at = null,
            next_attempt_at = now() + make_interval(secs => $4),
            settled_at = case when $2 <> 'waiting' then now() end
      where id = $1 and status = 'queued'
     returning id, webhook_id, attempts
   ), logged as (
     insert into webhook_attempts (delivery_id, number, at, duration_ms, status_code, error, answer)
     select id, attempts, $5, $6, $7, $8, $9 from settled on conflict do nothing
   ), health as (
     update webhooks w
        set failures = case when $2 = 'delivered' then 0 else failures + 1 end,
            failing_since = case when $2 = 'delivered' then null else coalesce(failing_since, now()) end
       from settled s
      where w.id = s.webhook_id and ($2 <> 'delivered' or w.failures > 0)
     returning w.failing_since
   )
   select s.webhook_id,
          coalesce((select extract(epoch from now() - failing_since) from health), 0)::double precision as failing_seconds
     from settled s`,
);

/** How a delivery goes on after a try. */
export interface Verdict {
  readonly status: 'delivered' | 'waiting' | 'failed';
  readonly reason: string | null;
  readonly delaySeconds: number;
}

/** Owns: webhooks, webhook_events, webhook_deliveries, webhook_attempts. Reads: users, participants, conversations, messages. */
@Injectable()
export class AttemptsRepository {
  constructor(private readonly sql: Sql) {}

  /** Undefined when it is not to be tried: settled or claimed by another worker, its webhook deleted. */
  load({ deliveryId, attempts, claims }: DeliveryJob): Promise<DueDelivery | undefined> {
    return this.sql.one(LOAD, [deliveryId, attempts, claims]);
  }

  async cancel(id: string, reason: string): Promise<void> {
    await this.sql.run(CANCEL, [id, reason]);
  }

  async forgetData(eventId: string): Promise<void> {
    await this.sql.run(FORGET_DATA, [eventId]);
  }

  /** Writes the try down and answers for how many seconds its webhook has had nothing but failures. */
  async record(id: string, attempt: AttemptResult, { status, reason, delaySeconds }: Verdict): Promise<number> {
    const { at, durationMs, statusCode, error, answer } = attempt;
    const values = [id, status, reason, delaySeconds, at, durationMs, statusCode, error, answer];
    return (await this.sql.one(RECORD, values))?.failing_seconds ?? 0;
  }
}
