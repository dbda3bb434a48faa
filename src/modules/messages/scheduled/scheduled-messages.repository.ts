import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { SystemRole } from '../../../platform/identity/actor.js';
import type { SendMessageDto } from '../messages.dto.js';
import type { ScheduledMessageErrorDto } from './scheduled-messages.dto.js';

export interface ScheduledMessageRow {
  readonly id: string;
  readonly conversation_id: string;
  readonly sender_id: string;
  readonly client_message_id: string;
  /** The send as its author wrote it. */
  readonly send: SendMessageDto;
  readonly send_at: Date;
  /** Null once it has failed for good. */
  readonly due_at: Date | null;
  /** A worker has taken it: it can no longer be changed. */
  readonly is_sending: boolean;
  readonly error: ScheduledMessageErrorDto | null;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A message whose time has come, and its author as they are now. */
export interface DueMessage extends ScheduledMessageRow {
  readonly role: SystemRole;
  readonly username: string;
  readonly display_name: string;
}

const COLUMNS = `s.id, s.conversation_id, s.sender_id, s.client_message_id, s.send, s.send_at, s.due_at, s.is_sending,
  s.error, s.created_at, s.updated_at`;

const COUNT = statement<{ count: number }>(
  'scheduled_messages.count',
  `select count(*)::int as count from scheduled_messages where sender_id = $1`,
);

/** Locked, so that the cleanup of files that are in no message waits and then sees the new row. */
const ATTACHABLE = statement<{ id: string; is_free: boolean }>(
  'scheduled_messages.attachable',
  `select f.id, f.status in ('scanning', 'ready') and (f.conversation_id is null or f.conversation_id = $3)
            and not exists (select from message_attachments a where a.file_id = f.id) as is_free
     from files f where f.id = any($1::uuid[]) and f.uploader_id = $2 and f.deleted_at is null for share`,
);

const INSERT = statement<ScheduledMessageRow>(
  'scheduled_messages.insert',
  `insert into scheduled_messages as s (id, conversation_id, sender_id, client_message_id, send, send_at, due_at)
   values ($1, $2, $3, $4, $5, $6, $6) on conflict do nothing returning ${COLUMNS}`,
);

const BY_KEY = statement<ScheduledMessageRow & { is_same: boolean }>(
  'scheduled_messages.by_key',
  `select ${COLUMNS}, s.send = $4::jsonb and s.send_at = $5 as is_same from scheduled_messages s
    where s.sender_id = $1 and s.conversation_id = $2 and s.client_message_id = $3`,
);

const FIND = statement<ScheduledMessageRow>(
  'scheduled_messages.find',
  `select ${COLUMNS} from scheduled_messages s where s.id = any($1::uuid[])`,
);

const LOCK = statement<ScheduledMessageRow>(
  'scheduled_messages.lock',
  `select ${COLUMNS} from scheduled_messages s where s.id = $1 and s.sender_id = $2 for update`,
);

const PAGE = statement<ScheduledMessageRow>(
  'scheduled_messages.page',
  `select ${COLUMNS} from scheduled_messages s
    where s.sender_id = $1 and ($2::uuid is null or s.conversation_id = $2)
      and ($3::timestamptz is null or (s.send_at, s.id) > ($3, $4))
    order by s.send_at, s.id limit $5`,
);

/** A new time, or new content, is a new attempt. */
const UPDATE = statement<ScheduledMessageRow>(
  'scheduled_messages.update',
  `update scheduled_messages s
      set send = $2, send_at = $3, due_at = $3, error = null, updated_at = now()
    where s.id = $1 returning ${COLUMNS}`,
);

const DELETE = statement<{ id: string }>(
  'scheduled_messages.delete',
  `delete from scheduled_messages where id = any($1::uuid[]) returning id`,
);

/** Two workers may have sent the same message: the first of them settles it. */
const POSTPONE = statement<{ id: string }>(
  'scheduled_messages.postpone',
  `update scheduled_messages s
      set due_at = now() + e.retry_after * interval '1 second', is_sending = false, error = e.error, updated_at = now()
     from json_to_recordset($1) as e (id uuid, retry_after real, error jsonb)
    where s.id = e.id and s.is_sending returning s.id`,
);

/**
 * Takes what is due, for as long as `LEASE_SECONDS`: what a killed worker has taken is taken again. A message that is
 * sent twice is stored once, by its client_message_id.
 */
const CLAIM = statement<DueMessage>(
  'scheduled_messages.claim',
  `with due as (
     select id from scheduled_messages where due_at <= now() order by due_at, id limit $1 for update skip locked
   )
   update scheduled_messages s set due_at = now() + $2 * interval '1 second', is_sending = true
     from due, users u where s.id = due.id and u.id = s.sender_id
   returning ${COLUMNS}, u.role, u.username, u.display_name`,
);

const DELETE_OF = statement<unknown>(
  'scheduled_messages.delete_of',
  `delete from scheduled_messages where sender_id = $1`,
);

/** What becomes of a message that was not sent; without `retryAfterSeconds` it has failed for good. */
export interface Postponed {
  readonly id: string;
  readonly retryAfterSeconds: number | null;
  readonly error: ScheduledMessageErrorDto;
}

/** Owns: scheduled_messages. Reads: users, files, message_attachments. */
@Injectable()
export class ScheduledMessagesRepository {
  constructor(private readonly sql: Sql) {}

  async count(tx: Queryable, senderId: string): Promise<number> {
    return (await tx.one(COUNT, [senderId]))!.count;
  }

  /** The sender's own files among these, and whether they may be attached in the conversation. */
  attachable(
    tx: Queryable,
    ids: readonly string[],
    senderId: string,
    conversationId: string,
  ): Promise<{ id: string; is_free: boolean }[]> {
    return tx.many(ATTACHABLE, [ids, senderId, conversationId]);
  }

  /** Undefined if the sender has another with the same key. */
  insert(
    tx: Queryable,
    row: Pick<ScheduledMessageRow, 'id' | 'conversation_id' | 'sender_id' | 'client_message_id' | 'send'>,
    sendAt: Date,
  ): Promise<ScheduledMessageRow | undefined> {
    const { id, conversation_id, sender_id, client_message_id, send } = row;
    return tx.one(INSERT, [id, conversation_id, sender_id, client_message_id, JSON.stringify(send), sendAt]);
  }

  /** The one with this key, and whether it is the same message at the same time. */
  findByKey(
    tx: Queryable,
    row: Pick<ScheduledMessageRow, 'conversation_id' | 'sender_id' | 'client_message_id' | 'send'>,
    sendAt: Date,
  ): Promise<(ScheduledMessageRow & { is_same: boolean }) | undefined> {
    const { conversation_id, sender_id, client_message_id, send } = row;
    return tx.one(BY_KEY, [sender_id, conversation_id, client_message_id, JSON.stringify(send), sendAt]);
  }

  find(ids: readonly string[]): Promise<ScheduledMessageRow[]> {
    return this.sql.many(FIND, [ids]);
  }

  /** Locks the sender's own message against the workers. */
  lock(tx: Queryable, id: string, senderId: string): Promise<ScheduledMessageRow | undefined> {
    return tx.one(LOCK, [id, senderId]);
  }

  /** The sender's messages, of one conversation or all, the earliest time first. */
  page(
    senderId: string,
    { conversationId, after, limit }: { conversationId?: string; after?: readonly [Date, string]; limit: number },
  ): Promise<ScheduledMessageRow[]> {
    const [time = null, id = null] = after ?? [];
    return this.sql.many(PAGE, [senderId, conversationId ?? null, time, id, limit]);
  }

  async update(tx: Queryable, id: string, send: SendMessageDto, sendAt: Date): Promise<ScheduledMessageRow> {
    return (await tx.one(UPDATE, [id, JSON.stringify(send), sendAt]))!;
  }

  /** Returns the ids of those that existed. */
  async delete(tx: Queryable, ids: readonly string[]): Promise<string[]> {
    return (await tx.many(DELETE, [ids])).map(({ id }) => id);
  }

  /** Takes up to `limit` messages whose time has come, for a time. */
  claim(limit: number, leaseSeconds: number): Promise<DueMessage[]> {
    return this.sql.many(CLAIM, [limit, leaseSeconds]);
  }

  /** Gives messages back that were not sent. Returns the ids of those that no other worker has settled. */
  async postpone(tx: Queryable, postponed: readonly Postponed[]): Promise<string[]> {
    if (postponed.length === 0) return [];
    const rows = postponed.map(({ id, retryAfterSeconds, error }) => ({ id, retry_after: retryAfterSeconds, error }));
    return (await tx.many(POSTPONE, [JSON.stringify(rows)])).map(({ id }) => id);
  }

  async deleteAllOf(senderId: string): Promise<void> {
    await this.sql.run(DELETE_OF, [senderId]);
  }
}
