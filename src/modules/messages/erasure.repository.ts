import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

export interface WrittenConversation {
  readonly conversation_id: string;
  readonly last_number: number;
}

const CONVERSATIONS = statement<WrittenConversation>(
  'messages.conversations_of',
  `select p.conversation_id, h.last_number
     from participants p join stream_heads h on h.stream_id = p.conversation_id
    where p.user_id = $1 and p.conversation_id > $2 order by p.conversation_id limit $3`,
);

const WRITTEN = statement<{ id: string }>(
  'messages.written_by',
  `select id from messages
    where conversation_id = $1 and sequence_number > $2 and sequence_number <= $3 and sender_id = $4
      and deleted_at is null and message_type <> 'system'
    order by sequence_number`,
);

const STILL_THERE = statement<{ id: string }>(
  'messages.still_there',
  `select id from messages where id = any($1::uuid[]) and deleted_at is null order by sequence_number`,
);

/** A key is free text of the client and may say who it was; nobody is left who could send it again. */
const FORGET_KEYS = statement<unknown>(
  'messages.forget_keys',
  `update messages set client_message_id = null, body_hash = null where id = any($1::uuid[])`,
);

/** Finds what somebody wrote. Owns: messages. Reads: participants, stream_heads. */
@Injectable()
export class ErasureRepository {
  constructor(private readonly sql: Sql) {}

  /** Conversations a user takes or took part in, by id, after this one, and the number of their last message. */
  conversations(userId: string, after: string, limit: number): Promise<WrittenConversation[]> {
    return this.sql.many(CONVERSATIONS, [userId, after, limit]);
  }

  /** What the user wrote among the messages numbered above `from` and up to `to`, without what is deleted. */
  async written(userId: string, conversationId: string, { from, to }: { from: number; to: number }): Promise<string[]> {
    return (await this.sql.many(WRITTEN, [conversationId, from, to, userId])).map(({ id }) => id);
  }

  async stillThere(tx: Queryable, ids: string[]): Promise<string[]> {
    return (await tx.many(STILL_THERE, [ids])).map(({ id }) => id);
  }

  async forgetKeys(tx: Queryable, ids: string[]): Promise<void> {
    await tx.run(FORGET_KEYS, [ids]);
  }
}
