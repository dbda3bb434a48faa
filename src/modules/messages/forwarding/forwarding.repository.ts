import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';

/** The message that a key has stored, in each of these conversations that has one. */
const FIND_BY_KEY = statement<{ id: string; conversation_id: string; body_hash: string }>(
  'messages.find_by_key',
  `select id, conversation_id, encode(body_hash, 'hex') as body_hash from messages
    where sender_id = $1 and client_message_id = $2 and conversation_id = any($3::uuid[])`,
);

/** Owns: nothing. Reads: messages. */
@Injectable()
export class ForwardingRepository {
  constructor(private readonly sql: Sql) {}

  /** The messages that a sender has stored with a key, by conversation; `body_hash` in hex. */
  async findByKey(
    senderId: string,
    key: string,
    conversationIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly id: string; readonly body_hash: string }>> {
    const rows = await this.sql.many(FIND_BY_KEY, [senderId, key, conversationIds]);
    return new Map(rows.map((row) => [row.conversation_id, row]));
  }
}
