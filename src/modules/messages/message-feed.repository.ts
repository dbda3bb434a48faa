import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { MessageRow } from './message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from './messages.repository.js';

/** Which messages a feed has; `active`: not deleted. */
export interface FeedFilter {
  readonly userId: string;
  readonly conversationId?: string;
  readonly type?: string;
  readonly status?: 'sent' | 'delivered' | 'read' | 'active';
  readonly from?: string;
  readonly to?: string;
}

/** The message at which a page begins; `sequenceNumber` only if the feed is of one conversation. */
export interface FeedCursor {
  readonly messageId: string;
  readonly sequenceNumber: number | null;
}

const COUNTED_MAX = 10_000;

/** The conditions of the actor, the conversation and the filter: $1 to $6. */
const OWN_CONVERSATIONS = `
  participants p join conversations c on c.id = p.conversation_id and c.deleted_at is null`;
const IS_OWN = `p.user_id = $1 and p.left_seq is null and ($2::uuid is null or p.conversation_id = $2)`;
const FILTER = `
  and ($3::text is null or m.message_type = $3)
  and ($4::text is null or $4 = case when m.sequence_number <= coalesce(r.read_by_all_number, 0) then 'read'
                                     when m.sequence_number <= coalesce(r.delivered_to_all_number, 0) then 'delivered'
                                     else 'sent' end
       or ($4 = 'active' and m.deleted_at is null))
  and ($5::timestamptz is null or m.created_at >= $5) and ($6::timestamptz is null or m.created_at <= $6)
  and m.sequence_number > p.hidden_up_to_number and is_in_audience(m.audience, m.sender_id, $1)
  and not (p.has_hidden_messages and exists (
    select from hidden_messages x where x.user_id = $1 and x.message_id = m.id))`;
const RECEIPTS = `left join conversation_receipts r on r.conversation_id = m.conversation_id`;
const ORDER_KEY = `(m.created_at, m.conversation_id, m.sequence_number)`;
const CURSOR = `(select b.created_at, b.conversation_id, b.sequence_number from messages b where b.id = $7::uuid)`;

/**
 * Reads the next messages of each conversation, then the next of all: one index range for each conversation. In one
 * conversation $8 makes the range begin at the cursor; over several conversations the cursor is a time.
 */
function page(name: string, side: '<' | '>'): ReturnType<typeof statement<MessageRow>> {
  const order = side === '<' ? 'desc' : 'asc';
  const beyond = side === '<' ? `coalesce($8::bigint, 9223372036854775807)` : `coalesce($8::bigint, 0)`;
  return statement<MessageRow>(
    name,
    `select ${MESSAGE_COLUMNS}, chosen.hidden_up_to_number
       from (select f.id, p.hidden_up_to_number
               from ${OWN_CONVERSATIONS}
              cross join lateral (
                select m.id, m.created_at, m.conversation_id, m.sequence_number
                  from messages m ${RECEIPTS}
                 where m.conversation_id = p.conversation_id and m.sequence_number ${side} ${beyond} ${FILTER}
                   and ($7::uuid is null or ${ORDER_KEY} ${side} ${CURSOR})
                 order by m.sequence_number ${order} limit $9) f
              where ${IS_OWN}
              order by f.created_at ${order}, f.conversation_id ${order}, f.sequence_number ${order} limit $9) chosen
       join messages m on m.id = chosen.id ${MESSAGE_JOINS}
      order by m.created_at ${order}, m.conversation_id ${order}, m.sequence_number ${order}`,
  );
}

const OLDER = page('messages.feed_older', '<');
const NEWER = page('messages.feed_newer', '>');

const COUNTS = statement<{ total: number; before_page: number }>(
  'messages.feed_counts',
  `select count(*) as total, count(*) filter (where is_newer) as before_page
     from (select coalesce(${ORDER_KEY} >= ${CURSOR}, false) as is_newer
             from ${OWN_CONVERSATIONS} join messages m on m.conversation_id = p.conversation_id ${RECEIPTS}
            where ${IS_OWN} ${FILTER} limit ${COUNTED_MAX}) counted`,
);

/**
 * Owns nothing. Reads: messages, participants, conversations, conversation_receipts, reactions, message_attachments,
 * files, users, hidden_messages.
 */
@Injectable()
export class MessageFeedRepository {
  constructor(private readonly sql: Sql) {}

  /** Newest first: older than a message, or the newest. */
  older(filter: FeedFilter, before: FeedCursor | undefined, limit: number): Promise<MessageRow[]> {
    return this.sql.many(OLDER, [...valuesOf(filter), ...cursorValues(before), limit]);
  }

  /** Oldest first, newer than a message. */
  newer(filter: FeedFilter, after: FeedCursor, limit: number): Promise<MessageRow[]> {
    return this.sql.many(NEWER, [...valuesOf(filter), ...cursorValues(after), limit]);
  }

  /** The number of messages, and of those from a message on; both at most 10,000. */
  async counts(filter: FeedFilter, from: string | null): Promise<{ total: number; before_page: number }> {
    return (await this.sql.one(COUNTS, [...valuesOf(filter), from]))!;
  }
}

function valuesOf({ userId, conversationId, type, status, from, to }: FeedFilter): (string | null)[] {
  return [userId, conversationId ?? null, type ?? null, status ?? null, from ?? null, to ?? null];
}

function cursorValues(cursor: FeedCursor | undefined): [string | null, number | null] {
  return [cursor?.messageId ?? null, cursor?.sequenceNumber ?? null];
}
