import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import { SYSTEM_USER_ID } from '../users/system-user.constants.js';
import { isAboutMessage } from './relay.repository.js';
import type { AttemptResult } from './webhook-client.js';
import type { ClaimedDelivery } from './delivery-queues.js';

/** A claimed delivery with its webhook and its event, as of now. */
export interface DueDelivery {
  readonly id: string;
  readonly webhook_id: string;
  readonly user_id: string;
  readonly scope: 'own' | 'all';
  readonly url: string;
  readonly secret_box: Buffer;
  readonly previous_secret_box: Buffer | null;
  /** Attempts since the delivery was created or last replayed. */
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
  /** Whether the owner may see the event now. */
  readonly is_visible: boolean;
  /** Whether the event shows the quote of a message that the owner does not see. */
  readonly hides_quote: boolean;
  /** Whether a message whose text the event contains has been deleted. */
  readonly has_lost_content: boolean;
  readonly is_conversation_gone: boolean;
}

/** Messages of the participant `p` that they do not see: for others, from before joining, cleared, or deleted for themselves. */
const isHidden = (message: string): string => `(${message}.sequence_number <= p.hidden_up_to_number
  or not is_in_audience(${message}.audience, ${message}.sender_id, p.user_id)
  or p.has_hidden_messages and exists (
       select from hidden_messages x where x.user_id = p.user_id and x.message_id = ${message}.id))`;

const LOAD = statement<DueDelivery>(
  'webhooks.load_deliveries',
  `select d.id, d.webhook_id, w.user_id, w.scope, w.url, w.secret_box, d.tries,
          case when w.previous_secret_until > now() then w.previous_secret_box end as previous_secret_box,
          e.id as event_id, e.type, e.stream_id, e.seq, e.actor_id, e.subject_id, e.payload, e.at, e.data,
          w.disabled_at is not null as is_disabled,
          u.deleted_at is null and u.deactivated_at is null and not user_is_banned(u.banned_at, u.banned_until) and case w.scope
            when 'all' then u.role = 'admin' or u.id = '${SYSTEM_USER_ID}'
            else e.stream_id = w.user_id or e.type = 'participant.left' and e.subject_id = w.user_id or exists (
              select from participants p join conversations c on c.id = p.conversation_id
               where p.conversation_id = e.stream_id and p.user_id = w.user_id and p.left_seq is null
                 and (c.deleted_at is null or e.type = 'conversation.deleted')
                 and not exists (
                       select from messages m
                        where m.id = e.subject_id and m.conversation_id = e.stream_id and ${isHidden('m')}))
          end as is_visible,
          w.scope = 'own' and exists (
            select from participants p
              join messages m on m.id = e.message_id and m.conversation_id = p.conversation_id
              join messages parent on parent.id = m.reply_to_id
             where p.conversation_id = e.stream_id and p.user_id = w.user_id and ${isHidden('parent')}) as hides_quote,
          e.message_id is not null and not exists (
            select from messages m left join messages parent on parent.id = m.reply_to_id
             where m.id = e.message_id and m.deleted_at is null and parent.deleted_at is null) as has_lost_content,
          coalesce((select c.deleted_at is not null from conversations c where c.id = e.stream_id), false)
            as is_conversation_gone
     from json_to_recordset($1) as claimed ("deliveryId" uuid, attempts int, claims int)
     join webhook_deliveries d on d.id = claimed."deliveryId" and d.status = 'queued'
                              and d.attempts = claimed.attempts and d.claims = claimed.claims
     join webhooks w on w.id = d.webhook_id and w.verified_at is not null
     join webhook_events e on e.id = d.event_id
     join users u on u.id = w.user_id`,
);

/** The participants at a position of a conversation who see the message of the event; none for the stream of a user. */
const MEMBERS = statement<{ stream_id: string; seq: number | null; ids: string[] }>(
  'webhooks.members_at',
  `select e.stream_id, e.seq, array(
            select p.user_id from participants p
             where p.conversation_id = e.stream_id and (e.seq is null or p.joined_seq <= e.seq)
               and (p.left_seq is null or p.left_seq > e.seq) and is_in_audience(m.audience, m.sender_id, p.user_id)
             order by p.user_id limit $3) as ids
     from unnest($1::uuid[], $2::bigint[], $4::uuid[], $5::text[])
          with ordinality as e (stream_id, seq, subject_id, type, position)
     left join messages m on m.id = e.subject_id and ${isAboutMessage('e.type')}
    order by e.position`,
);

const COUNT_MEMBERS = statement<{ count: number }>(
  'webhooks.count_members',
  `select coalesce(c.counted_participants, (
            select count(*) from participants where conversation_id = $1 and left_seq is null)) as count
     from conversations c where c.id = $1`,
);

const CANCEL = statement<unknown>(
  'webhooks.cancel_delivery',
  `update webhook_deliveries set status = 'cancelled', reason = $2, queued_at = null, settled_at = now()
    where id = $1 and status = 'queued'`,
);

const CLEAR_DATA = statement<unknown>('webhooks.forget_data', `update webhook_events set data = null where id = $1`);

/**
 * Locks webhooks before deliveries, each in the order of their ids, as the disabling of a webhook does. When several
 * attempts of one webhook end together, one success makes the webhook healthy.
 */
const RECORD = statement<{ id: string; failing_seconds: number }>(
  'webhooks.record_attempts',
  `with result as materialized (
     select * from json_to_recordset($1) as r (
       id uuid, "webhookId" uuid, status text, reason text, "delaySeconds" double precision, at timestamptz,
       "durationMs" int, "statusCode" int, error text, answer text, "isPrivate" boolean)
   ), outcome as materialized (
     select "webhookId" as webhook_id, bool_or(status = 'delivered') as is_alive, count(*)::int as tries
       from result group by 1
   ), failing as materialized (
     select w.id from webhooks w join outcome v on v.webhook_id = w.id
      where not v.is_alive or w.failures > 0 order by w.id for no key update of w
   ), locked as materialized (
     select d.id from webhook_deliveries d, (select count(*) from failing) as first
      where d.id in (select id from result) and d.status = 'queued' order by d.id for update of d
   ), settled as (
     update webhook_deliveries d
        set status = r.status, reason = r.reason, attempts = attempts + 1, tries = tries + 1, claims = 0, queued_at = null,
            next_attempt_at = now() + make_interval(secs => r."delaySeconds"),
            settled_at = case when r.status <> 'waiting' then now() end
       from result r join locked t on t.id = r.id
      where d.id = r.id
     returning d.id, d.webhook_id, d.attempts
   ), logged as (
     insert into webhook_attempts (delivery_id, number, at, duration_ms, status_code, error, answer, is_private)
     select s.id, s.attempts, r.at, r."durationMs", r."statusCode", r.error, r.answer, r."isPrivate"
       from settled s join result r on r.id = s.id on conflict do nothing
   ), health as (
     update webhooks w
        set failures = case when v.is_alive then 0 else w.failures + v.tries end,
            failing_since = case when v.is_alive then null else coalesce(w.failing_since, now()) end
       from outcome v join failing s on s.id = v.webhook_id
      where w.id = v.webhook_id
     returning w.id, w.failing_since
   )
   select s.id, coalesce(extract(epoch from now() - h.failing_since), 0)::double precision as failing_seconds
     from settled s left join health h on h.id = s.webhook_id`,
);

/** The status of a delivery after an attempt, and the delay until the next attempt. */
export interface AttemptOutcome {
  readonly status: 'delivered' | 'waiting' | 'failed';
  readonly reason: string | null;
  readonly delaySeconds: number;
}

/** A finished attempt, to be recorded. */
export interface FinishedAttempt extends AttemptResult, AttemptOutcome {
  readonly id: string;
  readonly webhookId: string;
}

/**
 * Owns: webhooks, webhook_events, webhook_deliveries, webhook_attempts. Reads: users, participants, conversations,
 * messages, hidden_messages.
 */
@Injectable()
export class AttemptsRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Returns the deliveries that are still to be attempted: neither settled nor claimed by another worker. Deliveries of
   * a webhook that was deleted, or whose URL has not yet passed the challenge, are left out; the latter wait again when
   * their claim ends.
   */
  load(deliveries: readonly ClaimedDelivery[]): Promise<DueDelivery[]> {
    return this.sql.many(LOAD, [JSON.stringify(deliveries)]);
  }

  /** The participants at each of these positions, by id, at most `limit`; in the order of the input. */
  async membersAt(
    events: readonly Pick<DueDelivery, 'stream_id' | 'seq' | 'subject_id' | 'type'>[],
    limit: number,
  ): Promise<string[][]> {
    const places = [events.map((event) => event.stream_id), events.map((event) => event.seq)];
    const values = [...places, limit, events.map((event) => event.subject_id), events.map(({ type }) => type)];
    return (await this.sql.many(MEMBERS, values)).map(({ ids }) => ids);
  }

  async countMembers(conversationId: string): Promise<number> {
    return (await this.sql.one(COUNT_MEMBERS, [conversationId]))?.count ?? 0;
  }

  async cancel(id: string, reason: string): Promise<void> {
    await this.sql.run(CANCEL, [id, reason]);
  }

  async clearData(eventId: string): Promise<void> {
    await this.sql.run(CLEAR_DATA, [eventId]);
  }

  /** Records attempts. Returns for each the number of seconds for which its webhook has had only failures. */
  async record(attempts: readonly FinishedAttempt[]): Promise<number[]> {
    const rows = await this.sql.many(RECORD, [JSON.stringify(attempts)]);
    const seconds = new Map(rows.map((row) => [row.id, row.failing_seconds]));
    return attempts.map(({ id }) => seconds.get(id) ?? 0);
  }
}
