import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../platform/database/sql.js';
import type { MessageRow } from './message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from './messages.repository.js';
import { ALL_MESSAGES, type VisibleHistory } from './visible-messages.js';

export interface MessageFilter {
  readonly type?: string;
  readonly senderId?: string;
  readonly from?: string;
  readonly to?: string;
  /** Also replies that are only in a thread. */
  readonly withThreads?: boolean;
  /** All messages when omitted. */
  readonly history?: VisibleHistory;
}

/** The last three parameters of a statement are a `VisibleHistory`. */
const isVisible = (above: string, readerId: string, hasHidden: string): string => `
  m.sequence_number > ${above} and is_in_audience(m.audience, m.sender_id, ${readerId}::uuid)
  and not (${hasHidden}::boolean and exists (
    select from hidden_messages x where x.user_id = ${readerId} and x.message_id = m.id))`;

const FILTER = `
  and ($4::text is null or m.message_type = $4) and ($5::uuid is null or m.sender_id = $5)
  and ($6::timestamptz is null or m.created_at >= $6) and ($7::timestamptz is null or m.created_at <= $7)
  and ($8::boolean or not m.is_thread_only) and ${isVisible('$9', '$10', '$11')}`;

const OLDER = statement<MessageRow>(
  'messages.page_older',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS}
    where m.conversation_id = $1 and m.sequence_number < $2 ${FILTER}
    order by m.sequence_number desc limit $3`,
);

const NEWER = statement<MessageRow>(
  'messages.page_newer',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS}
    where m.conversation_id = $1 and m.sequence_number > $2 ${FILTER}
    order by m.sequence_number limit $3`,
);

const REPLIES = statement<MessageRow>(
  'messages.replies',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS}
    where (m.thread_root_id = $1 or m.reply_to_id = $1) and m.sequence_number > $2 and ${isVisible('$4', '$5', '$6')}
    order by m.sequence_number limit $3`,
);

const REPLIES_BEFORE = statement<MessageRow>(
  'messages.replies_before',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS}
    where (m.thread_root_id = $1 or m.reply_to_id = $1) and m.sequence_number < $2 and ${isVisible('$4', '$5', '$6')}
    order by m.sequence_number desc limit $3`,
);

const PINS = statement<MessageRow>(
  'messages.pins',
  `select ${MESSAGE_COLUMNS} from messages m ${MESSAGE_JOINS}
    where m.conversation_id = $1 and m.pinned_at is not null and ${isVisible('$3', '$4', '$5')}
    order by m.pinned_at desc, m.id limit $2`,
);

const HISTORY = statement<{ version: number; content: string; edited_by: string; edited_at: Date }>(
  'messages.history',
  `select version, content, edited_by, edited_at from message_edits
    where message_id = $1 and version > $2 order by version limit $3`,
);

export interface ReceiptRow {
  user_id: string;
  is_delivered: boolean;
  is_read: boolean;
  marked_at: Date | null;
}

const RECEIPTS = statement<ReceiptRow>(
  'messages.receipts',
  `select p.user_id, p.last_delivered_number >= $2 or p.last_read_number >= $2 as is_delivered, p.last_read_number >= $2 as is_read,
          case when p.last_read_number >= $2 or p.last_delivered_number >= $2 then p.marked_at end as marked_at
     from participants p
    where p.conversation_id = $1 and p.left_seq is null and p.user_id <> $3 and p.user_id > $4
      and ($6::uuid[] is null or p.user_id = any($6::uuid[]))
    order by p.user_id limit $5`,
);

const BLOCKED_AMONG = statement<{ user_id: string }>(
  'messages.blocked_among',
  `select blocked_id as user_id from user_blocks where blocker_id = $1 and blocked_id = any($2::uuid[])`,
);

const HEAD = statement<{ last_seq: number; last_number: number }>(
  'messages.head',
  `select last_seq, last_number from stream_heads where stream_id = $1`,
);

/**
 * Owns nothing. Reads: messages, hidden_messages, message_edits, reactions, message_attachments, files, users, participants,
 * conversations, conversation_receipts, stream_heads, user_blocks.
 */
@Injectable()
export class MessageQueriesRepository {
  constructor(private readonly sql: Sql) {}

  /** Newest first, below a sequence number. */
  older(conversationId: string, below: number, limit: number, filter: MessageFilter): Promise<MessageRow[]> {
    return this.sql.many(OLDER, [conversationId, below, limit, ...filterValues(filter)]);
  }

  /** Oldest first, above a sequence number. */
  newer(conversationId: string, above: number, limit: number, filter: MessageFilter): Promise<MessageRow[]> {
    return this.sql.many(NEWER, [conversationId, above, limit, ...filterValues(filter)]);
  }

  /** The replies of a thread, or to one of its replies, oldest first above a number or newest first below it. */
  replies(
    messageId: string,
    { direction, bound }: { direction: '<' | '>'; bound: number },
    limit: number,
    history: VisibleHistory,
  ): Promise<MessageRow[]> {
    const values = [messageId, bound, limit, ...historyValues(history)];
    return this.sql.many(direction === '>' ? REPLIES : REPLIES_BEFORE, values);
  }

  /** Latest pin first. */
  pins(conversationId: string, limit: number, history: VisibleHistory): Promise<MessageRow[]> {
    return this.sql.many(PINS, [conversationId, limit, ...historyValues(history)]);
  }

  /** Earlier versions, the first one first; the current text is in the message itself. */
  history(
    messageId: string,
    above: number,
    limit: number,
  ): Promise<{ version: number; content: string; edited_by: string; edited_at: Date }[]> {
    return this.sql.many(HISTORY, [messageId, above, limit]);
  }

  /** The receipts of one message of all other participants who see it, by user id. */
  receipts(
    message: { conversationId: string; number: number; senderId: string; audience: readonly string[] | null },
    afterUserId: string,
    limit: number,
  ): Promise<ReceiptRow[]> {
    const { conversationId, number, senderId, audience } = message;
    return this.sql.many(RECEIPTS, [conversationId, number, senderId, afterUserId, limit, audience]);
  }

  /** Those of these users whom the reader has blocked. */
  async blockedAmong(readerId: string, userIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (userIds.length === 0) return new Set();
    return new Set((await this.sql.many(BLOCKED_AMONG, [readerId, userIds])).map(({ user_id }) => user_id));
  }

  /**
   * The position of the newest durable event of a conversation, and the sequence number of its newest message, which is
   * also the number of messages, including deleted ones.
   */
  async head(conversationId: string): Promise<{ lastSeq: number; lastNumber: number }> {
    const row = await this.sql.one(HEAD, [conversationId]);
    return { lastSeq: row?.last_seq ?? 0, lastNumber: row?.last_number ?? 0 };
  }
}

function filterValues(filter: MessageFilter): (string | number | boolean | null)[] {
  const { type, senderId, from, to, withThreads = false, history = ALL_MESSAGES } = filter;
  return [type ?? null, senderId ?? null, from ?? null, to ?? null, withThreads, ...historyValues(history)];
}

function historyValues({ above, readerId, hasHidden }: VisibleHistory): (string | number | boolean | null)[] {
  return [above, readerId, hasHidden];
}
