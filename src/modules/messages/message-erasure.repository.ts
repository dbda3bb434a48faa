import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

/** A current or former conversation of the user, and the number of its last message. */
export interface ConversationToErase {
  readonly conversation_id: string;
  readonly last_number: number;
}

/** The numbers of the first and of the last message of a part of a conversation. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

const CONVERSATIONS = statement<ConversationToErase>(
  'messages.conversations_of',
  `select p.conversation_id, h.last_number
     from participants p join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1 and p.conversation_id > $2 order by p.conversation_id limit $3`,
);

const MESSAGE_IDS = statement<{ id: string }>(
  'messages.written_by',
  `select id from messages
    where conversation_id = $1 and sequence_number > $2 and sequence_number <= $3 and sender_id = $4
      and deleted_at is null and message_type <> 'system'
    order by sequence_number`,
);

const NUMBERS_SINCE = statement<NumberRange>(
  'messages.numbers_since',
  `select message_number_at($1, $2) as first, last_number as last from stream_heads where stream_id = $1`,
);

const IS_HELD = statement<{ is_held: boolean }>(
  'messages.is_conversation_held',
  `select under_legal_hold($1) as is_held`,
);

/** Without those that a legal hold keeps. */
const REMAINING = statement<{ id: string }>(
  'messages.still_there',
  `select id from messages where id = any($1::uuid[]) and deleted_at is null and not under_legal_hold(conversation_id)
    order by sequence_number`,
);

/**
 * An idempotency key is free text of the client and may identify the user. The user is erased, so no client can repeat
 * the send.
 */
const CLEAR_IDEMPOTENCY_KEYS = statement<unknown>(
  'messages.forget_keys',
  `update messages set client_message_id = null, body_hash = null where id = any($1::uuid[])`,
);

/** Finds the messages of one user that are to be deleted. Owns: messages. Reads: participants, stream_heads. */
@Injectable()
export class MessageErasureRepository {
  constructor(private readonly sql: Sql) {}

  /** The current and former conversations of a user, by id, after this one, with the number of their last message. */
  findConversations(userId: string, after: string, limit: number): Promise<ConversationToErase[]> {
    return this.sql.many(CONVERSATIONS, [userId, after, limit]);
  }

  /** The user's messages with numbers above `from` and up to `to`, without deleted ones. */
  async findMessageIds(
    userId: string,
    conversationId: string,
    { from, to }: { from: number; to: number },
  ): Promise<string[]> {
    return (await this.sql.many(MESSAGE_IDS, [conversationId, from, to, userId])).map(({ id }) => id);
  }

  /** The messages since a time; `first` is above `last` if there are none. */
  async findNumbersSince(conversationId: string, since: Date): Promise<NumberRange> {
    return (await this.sql.one(NUMBERS_SINCE, [conversationId, since.getTime()])) ?? { first: 1, last: 0 };
  }

  async isHeld(tx: Queryable, conversationId: string): Promise<boolean> {
    return (await tx.one(IS_HELD, [conversationId]))?.is_held ?? false;
  }

  async findRemaining(tx: Queryable, ids: string[]): Promise<string[]> {
    return (await tx.many(REMAINING, [ids])).map(({ id }) => id);
  }

  async clearIdempotencyKeys(tx: Queryable, ids: string[]): Promise<void> {
    await tx.run(CLEAR_IDEMPOTENCY_KEYS, [ids]);
  }
}
