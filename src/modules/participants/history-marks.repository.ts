import { Injectable } from '@nestjs/common';
import { statement, type Queryable } from '../../platform/database/sql.js';

const HIDE_UP_TO = statement<unknown>(
  'participants.hide_up_to',
  `update participants set hidden_up_to_number = $3
    where conversation_id = $1 and user_id = $2 and hidden_up_to_number < $3`,
);

const NOTE_HIDDEN_MESSAGE = statement<unknown>(
  'participants.note_hidden_message',
  `update participants set has_hidden_messages = true
    where conversation_id = $1 and user_id = $2 and not has_hidden_messages`,
);

const HIDE_FROM_SOME = statement<unknown>(
  'participants.hide_from_some',
  `update participants set hidden_up_to_number = $2
    where conversation_id = $1 and user_id = any (array(
      select user_id from participants where conversation_id = $1 and hidden_up_to_number < $2 limit $3))`,
);

/**
 * Owns: of participants what they do not see of the conversation. Always called under the lock of the conversation.
 */
@Injectable()
export class HistoryMarksRepository {
  /** Whether the number moved; it never moves back. */
  async hideUpTo(tx: Queryable, conversationId: string, userId: string, number: number): Promise<boolean> {
    return (await tx.run(HIDE_UP_TO, [conversationId, userId, number])) > 0;
  }

  /** From at most `limit` who see more, also of those who have left; returns from how many. */
  hideFromSome(tx: Queryable, conversationId: string, number: number, limit: number): Promise<number> {
    return tx.run(HIDE_FROM_SOME, [conversationId, number, limit]);
  }

  async noteHiddenMessage(tx: Queryable, conversationId: string, userId: string): Promise<void> {
    await tx.run(NOTE_HIDDEN_MESSAGE, [conversationId, userId]);
  }
}
