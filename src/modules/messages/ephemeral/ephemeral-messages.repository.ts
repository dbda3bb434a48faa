import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';

const PARTICIPANTS_AMONG = statement<{ count: number }>(
  'ephemeral_messages.participants_among',
  `select count(*)::int as count from participants
    where conversation_id = $1 and user_id = any($2::uuid[]) and left_seq is null`,
);

/** Owns: nothing. Reads: participants. */
@Injectable()
export class EphemeralMessagesRepository {
  constructor(private readonly sql: Sql) {}

  /** Whether all of these different users are participants now. */
  async areParticipants(conversationId: string, userIds: readonly string[]): Promise<boolean> {
    return (await this.sql.one(PARTICIPANTS_AMONG, [conversationId, userIds]))!.count === userIds.length;
  }
}
