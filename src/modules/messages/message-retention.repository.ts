import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../platform/database/sql.js';

export interface ExpiringMessage {
  readonly id: string;
  readonly sequence_number: number;
  readonly is_deleted: boolean;
  /** Whether its conversation is deleted. */
  readonly is_orphaned: boolean;
}

/** The settings of the installation, in days; 0 stands for no limit, except for deleted conversations. */
export interface RetentionDays {
  readonly all: number;
  readonly direct: number;
  readonly deleted: number;
}

/** A page of conversations: those with expired messages, and the last one that was looked at. */
export interface ExpiryPage {
  readonly due: string[] | null;
  readonly last_id: string | null;
}

/**
 * Messages of a conversation that are older have expired; null if none ever does. What a legal hold covers does not
 * expire. A conversation that was deleted long enough ago loses all its messages.
 */
function cutoff(all: string, direct: string, deleted: string): string {
  return `case
    when c.deleted_at < now() - make_interval(days => ${deleted}::int) then 'infinity'::timestamptz
    else now() - make_interval(days => coalesce(
           least((c.settings ->> 'message_retention_days')::int, (
             select (t.settings ->> 'message_retention_days')::int from conversation_types t
              where t.name = coalesce(c.type_name, c.type))),
           case when c.type = 'direct' then nullif(${direct}::int, 0) end, nullif(${all}::int, 0))) end`;
}

const HAS_EXPIRED = `
  (select m.created_at from messages m
    where m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
    order by m.sequence_number limit 1) < ${cutoff('$3', '$4', '$5')} and not under_legal_hold(c.id)`;

const CONVERSATIONS = statement<ExpiryPage>(
  'messages.conversations_to_expire',
  `select array_agg(p.id order by p.id) filter (where p.has_expired) as due,
          (array_agg(p.id order by p.id desc))[1] as last_id
     from (select c.id, coalesce(${HAS_EXPIRED}, false) as has_expired
             from conversations c left join retention_marks r on r.conversation_id = c.id
            where c.id > $1 order by c.id limit $2) p`,
);

const EXPIRING = statement<ExpiringMessage>(
  'messages.expiring',
  `select m.id, m.sequence_number, m.deleted_at is not null as is_deleted, c.deleted_at is not null as is_orphaned
     from conversations c
     left join retention_marks r on r.conversation_id = c.id
     join messages m on m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
    where c.id = $1 and m.created_at < ${cutoff('$3', '$4', '$5')} and not under_legal_hold(c.id)
    order by m.sequence_number limit $2`,
);

const COUNT = statement<{ messages: number; conversations: number }>(
  'messages.count_expiring',
  `select count(*) as messages, count(distinct c.id) as conversations
     from conversations c
     left join retention_marks r on r.conversation_id = c.id
     join messages m on m.conversation_id = c.id and m.sequence_number > coalesce(r.last_number, 0)
    where m.deleted_at is null and m.created_at < ${cutoff('$1', '$2', '$3')} and not under_legal_hold(c.id)`,
);

const DELETE_EDITS = statement<unknown>(
  'messages.expire_edits',
  `delete from message_edits where message_id = any($1::uuid[])`,
);
const DELETE_REACTIONS = statement<unknown>(
  'messages.expire_reactions',
  `delete from reactions where message_id = any($1::uuid[])`,
);
const DELETE_VOTES = statement<unknown>(
  'messages.expire_votes',
  `delete from poll_votes where message_id = any($1::uuid[])`,
);
const DELETE_MENTIONS = statement<unknown>(
  'messages.expire_mentions',
  `delete from message_mentions where message_id = any($1::uuid[])`,
);
const DETACH = statement<unknown>(
  'messages.expire_attachments',
  `delete from message_attachments where message_id = any($1::uuid[])`,
);

const EMPTY = statement<unknown>(
  'messages.expire',
  `update messages
      set content = '', shadowed_edit = null, metadata = null, poll = null, location = null, contact = null, forwarded = null,
          link_previews = null, mentions = '{}', mention_scope = null, pinned_at = null,
          pinned_by = null, deleted_at = $2
    where id = any($1::uuid[])`,
);

const MARK = statement<unknown>(
  'messages.mark_retention',
  `insert into retention_marks (conversation_id, last_number) values ($1, $2)
       on conflict (conversation_id) do update set last_number = excluded.last_number`,
);

const HAS_RUN = statement<unknown>('messages.has_retention_run', `select from retention_marks limit 1`);

/**
 * Owns: messages, message_edits, message_mentions, reactions, poll_votes, message_attachments, retention_marks.
 * Reads: conversations, conversation_types, legal_holds.
 */
@Injectable()
export class MessageRetentionRepository {
  constructor(private readonly sql: Sql) {}

  /** The conversations with expired messages among the next `limit` ones by id. */
  async findConversations(after: string, limit: number, { all, direct, deleted }: RetentionDays): Promise<ExpiryPage> {
    return (await this.sql.one(CONVERSATIONS, [after, limit, all, direct, deleted]))!;
  }

  /** The oldest expired messages, including deleted ones. */
  findExpiring(
    tx: Queryable,
    conversationId: string,
    limit: number,
    { all, direct, deleted }: RetentionDays,
  ): Promise<ExpiringMessage[]> {
    return tx.many(EXPIRING, [conversationId, limit, all, direct, deleted]);
  }

  /** The number of messages that a run would empty. */
  async count({ all, direct, deleted }: RetentionDays): Promise<{ messages: number; conversations: number }> {
    return (await this.sql.one(COUNT, [all, direct, deleted])) ?? { messages: 0, conversations: 0 };
  }

  /**
   * Leaves tombstones that keep their numbers and their idempotency keys, so that a repeated key never creates a second
   * message. Everything else is deleted, and attachments are detached.
   */
  async empty(tx: Queryable, ids: string[], at: Date): Promise<void> {
    for (const removal of [DELETE_EDITS, DELETE_REACTIONS, DELETE_VOTES, DELETE_MENTIONS, DETACH])
      await tx.run(removal, [ids]);
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
