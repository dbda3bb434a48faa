import { Injectable } from '@nestjs/common';
import { Sql, statement, type Queryable } from '../../../platform/database/sql.js';
import type { LimitedMessage } from '../audience.js';
import type { DraftDto } from './drafts.dto.js';

/** Where a draft is: a user has one in each conversation and thread. */
export interface DraftPlace {
  readonly userId: string;
  readonly conversationId: string;
  /** Null for the conversation itself. */
  readonly threadRootId: string | null;
}

export interface DraftRow {
  readonly id: string;
  readonly user_id: string;
  readonly conversation_id: string;
  readonly thread_root_id: string | null;
  readonly content: string;
  readonly reply_to_id: string | null;
  readonly metadata: Record<string, unknown> | null;
  readonly updated_at: Date;
}

const COLUMNS = `d.id, d.user_id, d.conversation_id, d.thread_root_id, d.content, d.reply_to_id, d.metadata, d.updated_at`;

/** A message by which a thread is named. */
export interface ThreadMessageRow extends LimitedMessage {
  readonly id: string;
  readonly sequence_number: number;
  readonly root_id: string;
}

const THREAD_MESSAGE = statement<ThreadMessageRow>(
  'drafts.thread_message',
  `select id, sequence_number, sender_id, audience, coalesce(thread_root_id, id) as root_id
     from messages where id = $1 and conversation_id = $2`,
);

/** Returns nothing if it changes nothing. */
const SAVE = statement<DraftRow>(
  'drafts.save',
  `insert into drafts as d (id, user_id, conversation_id, thread_root_id, content, reply_to_id, metadata, updated_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
       on conflict on constraint drafts_place_key do update
      set content = excluded.content, reply_to_id = excluded.reply_to_id, metadata = excluded.metadata,
          updated_at = excluded.updated_at
    where (d.content, d.reply_to_id, d.metadata) is distinct from (excluded.content, excluded.reply_to_id, excluded.metadata)
   returning ${COLUMNS}`,
);

const FIND = statement<DraftRow>(
  'drafts.find',
  `select ${COLUMNS}
     from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as k (user_id, conversation_id, thread_root_id)
     join drafts d on d.user_id = k.user_id and d.conversation_id = k.conversation_id
                  and d.thread_root_id is not distinct from k.thread_root_id`,
);

const REMOVE = statement<{ id: string }>(
  'drafts.remove',
  `delete from drafts where user_id = $1 and conversation_id = $2 and thread_root_id is not distinct from $3 returning id`,
);

const PAGE = statement<DraftRow>(
  'drafts.page',
  `select ${COLUMNS}
     from drafts d
     join participants p on p.conversation_id = d.conversation_id and p.user_id = d.user_id and p.left_seq is null
     join conversations c on c.id = d.conversation_id and c.deleted_at is null
    where d.user_id = $1 and ($2::timestamptz is null or (d.updated_at, d.id) < ($2, $3))
    order by d.updated_at desc, d.id desc limit $4`,
);

const DELETE_OF = statement<unknown>('drafts.delete_of', `delete from drafts where user_id = $1`);

/** Owns: drafts. Reads: messages, participants, conversations. */
@Injectable()
export class DraftsRepository {
  constructor(private readonly sql: Sql) {}

  /** A message of this conversation, and the root of its thread. */
  findThreadMessage(messageId: string, conversationId: string): Promise<ThreadMessageRow | undefined> {
    return this.sql.one(THREAD_MESSAGE, [messageId, conversationId]);
  }

  /** Returns undefined if nothing has changed. */
  save(
    tx: Queryable,
    { userId, conversationId, threadRootId }: DraftPlace,
    draft: Pick<DraftRow, 'id' | 'content' | 'reply_to_id' | 'metadata' | 'updated_at'>,
  ): Promise<DraftRow | undefined> {
    const { id, content, reply_to_id, metadata, updated_at } = draft;
    return tx.one(SAVE, [id, userId, conversationId, threadRootId, content, reply_to_id, metadata, updated_at]);
  }

  find(places: readonly DraftPlace[], tx: Queryable = this.sql): Promise<DraftRow[]> {
    return tx.many(FIND, [
      places.map(({ userId }) => userId),
      places.map(({ conversationId }) => conversationId),
      places.map(({ threadRootId }) => threadRootId),
    ]);
  }

  /** Whether there was one. */
  async remove(tx: Queryable, { userId, conversationId, threadRootId }: DraftPlace): Promise<boolean> {
    return (await tx.one(REMOVE, [userId, conversationId, threadRootId])) !== undefined;
  }

  /** Of the conversations in which the user is a participant now, the latest changed first. */
  page(userId: string, { before, limit }: { before?: readonly [Date, string]; limit: number }): Promise<DraftRow[]> {
    const [time = null, id = null] = before ?? [];
    return this.sql.many(PAGE, [userId, time, id, limit]);
  }

  async deleteAllOf(userId: string): Promise<void> {
    await this.sql.run(DELETE_OF, [userId]);
  }
}

export function presentDraft(row: DraftRow): DraftDto {
  return {
    conversation_id: row.conversation_id,
    thread_root_id: row.thread_root_id,
    content: row.content,
    reply_to_id: row.reply_to_id,
    metadata: row.metadata ?? {},
    updated_at: row.updated_at.toISOString(),
  };
}
