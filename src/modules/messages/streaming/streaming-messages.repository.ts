import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { StoredText, StreamingRow } from './stored-text.js';
import type { StreamingEnd } from './streaming.constants.js';

/** A user in a conversation. */
export interface Author {
  readonly conversationId: string;
  readonly userId: string;
}

const OPEN = `
  m.streaming = 'open' and m.deleted_at is null
  and exists (select from conversations c where c.id = m.conversation_id and c.deleted_at is null)`;
const COLUMNS = `
  s.message_id, s.conversation_id, s.sender_id, m.sequence_number, m.audience, s.content, s.shown_length, s.is_withheld, s.version`;
const FROM = `from streaming_messages s join messages m on m.id = s.message_id`;

const FIND = statement<StreamingRow>('streaming.find', `select ${COLUMNS} ${FROM} where s.message_id = $1 and ${OPEN}`);

const STORE = statement<unknown>(
  'streaming.store',
  `with stored as (
     update streaming_messages
        set content = $2, shown_length = $3, is_withheld = $4, version = version + 1, appended_at = now()
      where message_id = $1 and version = $5
     returning message_id
   )
   update messages m set content = $6 from stored s where m.id = s.message_id and ${OPEN} returning m.id`,
);

const COUNT = statement<{ count: number; is_replay: boolean }>(
  'streaming.count',
  `select (select count(*)::int ${FROM} where s.sender_id = $1 and ${OPEN}) as count,
          exists (select from messages where sender_id = $1 and client_message_id = $2 and conversation_id = $3)
            as is_replay`,
);

const OF_AUTHORS = statement<{ message_id: string; conversation_id: string }>(
  'streaming.of_authors',
  `select s.message_id, s.conversation_id
     from unnest($1::uuid[], $2::uuid[]) as a (user_id, conversation_id)
     join streaming_messages s on s.sender_id = a.user_id and s.conversation_id = a.conversation_id`,
);

const OF_USER = statement<{ message_id: string; conversation_id: string }>(
  'streaming.of_user',
  `select message_id, conversation_id from streaming_messages where sender_id = $1`,
);

const IS_ABANDONED = `s.appended_at < now() - $1 * interval '1 second'`;

const ABANDONED = statement<{ message_id: string; conversation_id: string }>(
  'streaming.abandoned',
  `select s.message_id, s.conversation_id ${FROM} where ${IS_ABANDONED} and ${OPEN} limit $2`,
);

const REMOVE_ENDED = statement<unknown>(
  'streaming.remove_ended',
  `delete from streaming_messages s using messages m where m.id = s.message_id and not (${OPEN})`,
);

const LOCK = statement<StreamingRow>(
  'streaming.lock',
  `select ${COLUMNS} ${FROM} where s.message_id = $1 and ${OPEN} for update of s`,
);

const IS_STILL_ABANDONED = statement<unknown>(
  'streaming.is_abandoned',
  `select from streaming_messages s where ${IS_ABANDONED} and s.message_id = $2`,
);

const END = statement<unknown>(
  'streaming.end',
  `with ended as (delete from streaming_messages where message_id = $1)
   update messages set content = $2, streaming = $3, metadata = coalesce($4::jsonb, metadata) where id = $1`,
);

/** Owns: streaming_messages, messages. Reads: conversations. */
@Injectable()
export class StreamingMessagesRepository {
  constructor(private readonly sql: Sql) {}

  /** Undefined if the message is not open. */
  find(id: string): Promise<StreamingRow | undefined> {
    return this.sql.one(FIND, [id]);
  }

  /**
   * Stores the text so far and what is shown of it. Returns whether it was stored: it is not if another process has
   * stored one since this version, or if the message is no longer open.
   */
  async store({ id, content, shown, isWithheld, version }: StoredText): Promise<boolean> {
    return (await this.sql.run(STORE, [id, content, shown.length, isWithheld, version, shown])) > 0;
  }

  /** The open streaming messages of a user, and whether this send is stored already. */
  async count(
    senderId: string,
    conversationId: string,
    clientMessageId: string | undefined,
  ): Promise<{ count: number; is_replay: boolean }> {
    return (await this.sql.one(COUNT, [senderId, clientMessageId ?? null, conversationId]))!;
  }

  /** The open ones of these users in these conversations. */
  ofAuthors(authors: readonly Author[]): Promise<{ message_id: string; conversation_id: string }[]> {
    const values = [authors.map(({ userId }) => userId), authors.map(({ conversationId }) => conversationId)];
    return this.sql.many(OF_AUTHORS, values);
  }

  ofUser(userId: string): Promise<{ message_id: string; conversation_id: string }[]> {
    return this.sql.many(OF_USER, [userId]);
  }

  /** Those without an append since this number of seconds. */
  abandoned(afterSeconds: number, limit: number): Promise<{ message_id: string; conversation_id: string }[]> {
    return this.sql.many(ABANDONED, [afterSeconds, limit]);
  }

  /** Removes the texts of messages that have ended otherwise, such as by their deletion. Returns their number. */
  removeEnded(): Promise<number> {
    return this.sql.run(REMOVE_ENDED);
  }

  /** Undefined if the message is no longer open, under the lock of the conversation. */
  lock(tx: Queryable, id: string): Promise<StreamingRow | undefined> {
    return tx.one(LOCK, [id]);
  }

  /** Whether there has been no append since this number of seconds, under the lock. */
  async isAbandoned(tx: Queryable, id: string, afterSeconds: number): Promise<boolean> {
    return (await tx.many(IS_STILL_ABANDONED, [afterSeconds, id])).length > 0;
  }

  /** Completes the text; the data is unchanged if undefined. */
  async end(
    tx: Queryable,
    message: { id: string; content: string; metadata?: Record<string, unknown>; end: StreamingEnd },
  ): Promise<void> {
    const { id, content, metadata = null, end } = message;
    await tx.run(END, [id, content, end, metadata]);
  }
}
