import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

/** A participant whose mute has ended, and their conversation. */
export interface EndedMute {
  readonly conversation_id: string;
  readonly user_id: string;
}

const HAS_ENDED = `is_muted and muted_until is not null and muted_until <= now()`;

const CLEAR_UNSEEN = statement<unknown>(
  'participants.clear_ended_mutes',
  `update participants p set is_muted = false, muted_until = null, mute_reason = null
    where ${HAS_ENDED} and (p.left_seq is not null or exists (
            select from conversations c where c.id = p.conversation_id and c.deleted_at is not null))`,
);

const ENDED = statement<EndedMute>(
  'participants.ended_mutes',
  `select conversation_id, user_id from participants where ${HAS_ENDED} order by muted_until limit $1`,
);

const HAS_MUTE_ENDED = statement<unknown>(
  'participants.has_mute_ended',
  `select from participants where conversation_id = $1 and user_id = $2 and left_seq is null and ${HAS_ENDED}`,
);

/** Mutes whose end has passed, but has not been announced. Owns: participants. Reads: conversations. */
@Injectable()
export class EndedMutesRepository {
  constructor(private readonly sql: Sql) {}

  /** Clears the mutes of users who have left and of deleted conversations, of which no participant is notified. */
  async clearUnseen(): Promise<void> {
    await this.sql.run(CLEAR_UNSEEN);
  }

  find(limit: number): Promise<EndedMute[]> {
    return this.sql.many(ENDED, [limit]);
  }

  /** Whether the mute has ended, under the lock of the conversation: it may have been replaced. */
  async hasEnded(tx: Queryable, conversationId: string, userId: string): Promise<boolean> {
    return (await tx.many(HAS_MUTE_ENDED, [conversationId, userId])).length > 0;
  }
}
