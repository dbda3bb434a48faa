import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

const IS_HIDDEN = statement<unknown>(
  'messages.is_hidden',
  `select from hidden_messages where user_id = $1 and message_id = $2`,
);

const SEES_THREAD = statement<unknown>(
  'messages.sees_thread',
  `select from messages m
    where (m.id = $1 or m.thread_root_id = $1) and m.sequence_number > $2
      and is_in_audience(m.audience, m.sender_id, $3)
      and not exists (select from hidden_messages x where x.user_id = $3 and x.message_id = m.id) limit 1`,
);

const COUNT = statement<{ count: number }>(
  'messages.count_hidden',
  `select count(*) as count
     from (select from hidden_messages where user_id = $1 and conversation_id = $2 limit $3) h`,
);

const HIDE = statement<unknown>(
  'messages.hide',
  `insert into hidden_messages (user_id, message_id, conversation_id, sequence_number) values ($1, $2, $3, $4)
       on conflict do nothing`,
);

const DELETE_UP_TO = statement<unknown>(
  'messages.delete_hidden_up_to',
  `delete from hidden_messages where user_id = $1 and conversation_id = $2 and sequence_number <= $3`,
);

const DELETE_OF_USER = statement<unknown>(
  'messages.delete_hidden_of',
  `delete from hidden_messages where user_id = $1`,
);

/** Messages that users have deleted for themselves. Owns: hidden_messages. Reads: messages. */
@Injectable()
export class HiddenMessagesRepository {
  constructor(private readonly sql: Sql) {}

  async isHidden(userId: string, messageId: string, tx: Queryable = this.sql): Promise<boolean> {
    return (await tx.many(IS_HIDDEN, [userId, messageId])).length > 0;
  }

  /** Whether this user sees the root or a reply of a thread: above this number, in its audience, and not hidden. */
  async seesThread(
    { above, readerId }: { readonly above: number; readonly readerId: string | null },
    rootId: string,
    tx: Queryable = this.sql,
  ): Promise<boolean> {
    return (await tx.many(SEES_THREAD, [rootId, above, readerId])).length > 0;
  }

  /** The number of hidden messages of a user in one conversation, counted up to `most`. */
  async count(tx: Queryable, userId: string, conversationId: string, most: number): Promise<number> {
    return (await tx.one(COUNT, [userId, conversationId, most]))!.count;
  }

  async hide(
    tx: Queryable,
    userId: string,
    message: { readonly id: string; readonly conversation_id: string; readonly sequence_number: number },
  ): Promise<void> {
    await tx.run(HIDE, [userId, message.id, message.conversation_id, message.sequence_number]);
  }

  /** Forgets the messages up to a number: they are hidden by the number. */
  async deleteUpTo(tx: Queryable, userId: string, conversationId: string, number: number): Promise<void> {
    await tx.run(DELETE_UP_TO, [userId, conversationId, number]);
  }

  /** Forgets all messages that an erased user has deleted for themselves. */
  async deleteOfUser(userId: string): Promise<void> {
    await this.sql.run(DELETE_OF_USER, [userId]);
  }
}
