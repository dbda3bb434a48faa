import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

export interface ExpiringMessage {
  readonly id: string;
  readonly sequence_number: number;
  readonly is_deleted: boolean;
}

const CUTOFF = `now() - make_interval(days => (c.settings ->> 'message_retention_days')::int)`;

const CONVERSATIONS = statement<{ conversation_id: string }>(
  'messages.conversations_to_expire',
  `select c.id as conversation_id
     from conversations c left join retention_marks r on r.conversation_id = c.id
    where c.settings ->> 'message_retention_days' is not null and c.deleted_at is null and c.id > $1
      and (select m.created_at from messages m
            where m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
            order by m.sequence_number limit 1) < ${CUTOFF}
    order by c.id limit $2`,
);

const EXPIRING = statement<ExpiringMessage>(
  'messages.expiring',
  `select m.id, m.sequence_number, m.deleted_at is not null as is_deleted
     from conversations c
     left join retention_marks r on r.conversation_id = c.id
     join messages m on m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
    where c.id = $1 and c.deleted_at is null and m.created_at < ${CUTOFF}
    order by m.sequence_number limit $2`,
);

const COUNT = statement<{ messages: number; conversations: number }>(
  'messages.count_expiring',
  `select count(*) as messages, count(distinct c.id) as conversations
     from conversations c
     left join retention_marks r on r.conversation_id = c.id
     join messages m on m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
    where c.settings ->> 'message_retention_days' is not null and c.deleted_at is null and m.deleted_at is null
      and m.created_at < ${CUTOFF}`,
);

const DELETE_EDITS = statement<unknown>(
  'messages.expire_edits',
  `delete from message_edits where message_id = any($1::uuid[])`,
);
const DELETE_REACTIONS = statement<unknown>(
  'messages.expire_reactions',
  `delete from reactions where message_id = any($1::uuid[])`,
);
const DETACH = statement<unknown>(
  'messages.expire_attachments',
  `delete from message_attachments where message_id = any($1::uuid[])`,
);

const EMPTY = statement<unknown>(
  'messages.expire',
  `update messages
      set content = '', metadata = null, mentions = '{}', pinned_at = null, pinned_by = null, deleted_at = $2
    where id = any($1::uuid[])`,
);

const MARK = statement<unknown>(
  'messages.mark_retention',
  `insert into retention_marks (conversation_id, last_number) values ($1, $2)
       on conflict (conversation_id) do update set last_number = excluded.last_number`,
);

const HAS_RUN = statement<unknown>('messages.has_retention_run', `select from retention_marks limit 1`);

/** Owns: messages, message_edits, reactions, message_attachments, retention_marks. Reads: conversations. */
@Injectable()
export class MessageRetentionRepository {
  constructor(private readonly sql: Sql) {}

  /** Conversations with expired messages, by id, after this one. */
  async findConversations(after: string, limit: number): Promise<string[]> {
    return (await this.sql.many(CONVERSATIONS, [after, limit])).map((row) => row.conversation_id);
  }

  /** The oldest expired messages, including deleted ones. */
  findExpiring(tx: Queryable, conversationId: string, limit: number): Promise<ExpiringMessage[]> {
    return tx.many(EXPIRING, [conversationId, limit]);
  }

  /** The number of messages that a run would empty. */
  async count(): Promise<{ messages: number; conversations: number }> {
    return (await this.sql.one(COUNT)) ?? { messages: 0, conversations: 0 };
  }

  /**
   * Leaves tombstones that keep their numbers and their idempotency keys, so that a repeated key never creates a second
   * message. Everything else is deleted, and attachments are detached.
   */
  async empty(tx: Queryable, ids: string[], at: Date): Promise<void> {
    for (const removal of [DELETE_EDITS, DELETE_REACTIONS, DETACH]) await tx.run(removal, [ids]);
    await tx.run(EMPTY, [ids, at]);
  }

  /** Whether retention has ever removed anything. */
  async hasRun(): Promise<boolean> {
    return (await this.sql.many(HAS_RUN)).length > 0;
  }

  async mark(tx: Queryable, conversationId: string, lastNumber: number): Promise<void> {
    await tx.run(MARK, [conversationId, lastNumber]);
  }
}
