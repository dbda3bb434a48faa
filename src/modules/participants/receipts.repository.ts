import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import { RECEIPT_UPDATED } from './participants.events.js';

/**
 * One mark to be moved; the fields of `mark_participants`. With a message id, the numbers only state which of the two
 * marks to move.
 */
export interface NewMark {
  readonly conversation_id: string;
  readonly user_id: string;
  readonly session_id: string;
  readonly message_id: string | null;
  readonly read: number | null;
  readonly delivered: number | null;
}

export type MarkOutcome = 'marked' | 'session_ended' | 'banned' | 'not_found' | 'not_participant' | 'message_not_found';

export interface MarkResult {
  outcome: MarkOutcome;
  last_read_number: number;
  last_delivered_number: number;
  unread_count: number;
  mention_count: number;
  has_read_moved: boolean;
  has_moved: boolean;
}

/**
 * The state is read by a function that is called only after the marks have moved: its argument depends on the result.
 */
const MARK = statement<MarkResult>(
  'receipts.mark',
  `select m.outcome, s.last_read_number, s.last_delivered_number, m.has_read_moved, m.has_moved, s.unread_count,
          s.mention_count
     from mark_participants($1) m
     join json_array_elements($1) with ordinality as e (value, ordinal) on e.ordinal = m.ordinal
     left join lateral read_state_after_mark(
            case when m.outcome = 'marked' then (e.value ->> 'conversation_id')::uuid end,
            (e.value ->> 'user_id')::uuid) s on true
    order by m.ordinal`,
);

export interface ReceiptMarkRow {
  user_id: string;
  last_read_number: number;
  /** The newest message of another user among the last 100 read; null if there is none. */
  last_read_message_id: string | null;
  last_delivered_number: number;
}

export interface AggregateRow {
  read_by_all_number: number;
  delivered_to_all_number: number;
  marks: ReceiptMarkRow[] | null;
}

/**
 * A mark that was set during the previous aggregation may not have been visible to it. So the marks of the last seconds
 * are included again: sending a mark twice is correct, sending it never is not. Webhooks receive the same, through the
 * outbox.
 */
const AGGREGATE = statement<AggregateRow>(
  'receipts.aggregate',
  `with place as materialized (
     select c.id from conversations c left join conversation_types t on t.name = coalesce(c.type_name, c.type)
      where c.id = $1 and c.deleted_at is null and not feature_is_off('receipts', t.settings, c.settings)
   ), before as (
     select coalesce((select aggregated_at from conversation_receipts where conversation_id = $1), '-infinity') as at
   ), total as (
     select coalesce(min(last_read_number), 0) as read, coalesce(min(last_delivered_number), 0) as delivered
       from participants where conversation_id = (select id from place) and left_seq is null
   ), stored as (
     insert into conversation_receipts as r (conversation_id, read_by_all_number, delivered_to_all_number, aggregated_at)
     select p.id, t.read, t.delivered, now() from place p cross join total t
         on conflict (conversation_id) do update
        set read_by_all_number = greatest(r.read_by_all_number, excluded.read_by_all_number),
            delivered_to_all_number = greatest(r.delivered_to_all_number, excluded.delivered_to_all_number),
            aggregated_at = excluded.aggregated_at
     returning read_by_all_number, delivered_to_all_number
   ), moved as (
     select (select json_agg(json_build_object('user_id', m.user_id, 'last_read_number', m.last_read_number,
                                             'last_read_message_id',
                                             (select o.id from messages o
                                               where o.conversation_id = $1 and o.sender_id <> m.user_id and o.audience is null
                                                 and o.sequence_number <= m.last_read_number
                                                 and o.sequence_number > m.last_read_number - 100
                                               order by o.sequence_number desc limit 1),
                                             'last_delivered_number', m.last_delivered_number))
             from (select p.user_id, p.last_read_number, p.last_delivered_number
                     from participants p, before b
                    where p.conversation_id = (select id from place) and p.left_seq is null and p.marked_at > b.at - interval '5 seconds'
                    order by p.marked_at desc limit 100) m) as marks
   )
   select s.read_by_all_number, s.delivered_to_all_number, m.marks,
          outbox_write('${RECEIPT_UPDATED}', $1, $1, jsonb_build_object(
            'read_by_all_number', s.read_by_all_number, 'delivered_to_all_number', s.delivered_to_all_number,
            'marks', coalesce(m.marks::jsonb, '[]'))) as is_published
     from stored s cross join moved m`,
);

/**
 * Owns: conversation_receipts; of participants the marks. Reads: conversations, conversation_types, messages, message_mentions, users,
 * sessions, stream_heads, retention_marks.
 */
@Injectable()
export class ReceiptsRepository {
  constructor(private readonly sql: Sql) {}

  /**
   * Moves a batch of marks in one transaction; returns the results in the order of the batch. @throws
   * ServiceUnavailable
   */
  mark(batch: NewMark[]): Promise<MarkResult[]> {
    return this.sql.many(MARK, [JSON.stringify(batch)]);
  }

  /**
   * Computes what all participants have read and received; the result only grows. Undefined if the conversation does
   * not exist or has no receipts.
   */
  aggregate(conversationId: string): Promise<AggregateRow | undefined> {
    return this.sql.one(AGGREGATE, [conversationId]);
  }
}
