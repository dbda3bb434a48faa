import { Injectable } from '@nestjs/common';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import { IS_SEARCHABLE, SEARCHABLE_COLUMNS, type SearchableMessage } from './search/searchable-message.js';

/** Indexing of a conversation starts at its newest message and continues in both directions. */
const START_PROGRESS = statement<unknown>(
  'messages.begin_index',
  `insert into message_search_progress (conversation_id, indexed_from, indexed_to)
   select c.id, n.newest + 1, n.newest
     from conversations c
    cross join lateral (select coalesce(max(m.sequence_number), 0) as newest from messages m where m.conversation_id = c.id) n
    where c.id = any($1::uuid[])
    order by c.id
       on conflict (conversation_id) do nothing`,
);

interface Progress {
  readonly conversation_id: string;
  readonly indexed_from: number;
  readonly indexed_to: number;
}

/** Skips the conversations that another process is indexing. */
const CLAIM = statement<Progress>(
  'messages.claim_index',
  `select conversation_id, indexed_from, indexed_to from message_search_progress
    where conversation_id = any($1::uuid[]) order by conversation_id for update skip locked`,
);

/** A message to be indexed, or to be removed from the index because it is deleted or has nothing to be found by. */
export interface IndexableMessage extends SearchableMessage {
  readonly id: string;
  readonly conversation_id: string;
  readonly created_ms: number;
  readonly is_searchable: boolean;
}

type NumberedMessage = IndexableMessage & { readonly sequence_number: number; readonly is_newer: boolean };

const INDEXABLE = `m.id, m.conversation_id, floor(extract(epoch from m.created_at) * 1000)::bigint as created_ms,
  m.content, ${IS_SEARCHABLE} as is_searchable, ${SEARCHABLE_COLUMNS}`;

/**
 * Sequence numbers are assigned under the lock of the conversation: every message with a number below that of a visible
 * message is visible too.
 */
const UNINDEXED = statement<NumberedMessage>(
  'messages.read_unindexed',
  `select m.* from unnest($1::uuid[], $2::bigint[], $3::bigint[]) g (conversation_id, indexed_from, indexed_to)
    cross join lateral (
      (select ${INDEXABLE}, m.sequence_number, true as is_newer from messages m
        where m.conversation_id = g.conversation_id and m.sequence_number > g.indexed_to
        order by m.sequence_number limit $4)
       union all
      (select ${INDEXABLE}, m.sequence_number, false from messages m
        where m.conversation_id = g.conversation_id and m.sequence_number < g.indexed_from
        order by m.sequence_number desc limit $4)) m`,
);

const ADVANCE = statement<unknown>(
  'messages.advance_index',
  `update message_search_progress g set indexed_from = n.indexed_from, indexed_to = n.indexed_to
     from unnest($1::uuid[], $2::bigint[], $3::bigint[]) n (conversation_id, indexed_from, indexed_to)
    where g.conversation_id = n.conversation_id`,
);

/** Removes the notes of changed messages. The next statement reads what was written before each note was committed. */
const TAKE_CHANGES = statement<{ message_id: string }>(
  'messages.take_index_changes',
  `delete from message_search_changes e
    using (select conversation_id, message_id from message_search_changes
            where conversation_id = any($1::uuid[]) limit $2 for update skip locked) n
    where e.conversation_id = n.conversation_id and e.message_id = n.message_id
   returning e.message_id`,
);

const CHANGED = statement<IndexableMessage>(
  'messages.read_changed',
  `select ${INDEXABLE} from messages m where m.id = any($1::uuid[])`,
);

const WRITE = statement<unknown>(
  'messages.write_index',
  `insert into message_search (message_id, conversation_id, created_ms, words, index_form)
   select *, $5 from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[]::tsvector[])
       on conflict (message_id) do update set words = excluded.words, index_form = excluded.index_form`,
);

/**
 * Rows that an older version, or one with another language, has written. An edit deletes its row before it commits, so
 * the lock makes an edit and this wait for each other: what is written here is never older than the edit.
 */
const TAKE_OUTDATED = statement<{ message_id: string }>(
  'messages.take_outdated_index',
  `select message_id from message_search where index_form < $1 or index_form > $1 limit $2 for update skip locked`,
);

const REMOVE = statement<unknown>(
  'messages.remove_from_index',
  `delete from message_search where message_id = any($1::uuid[])`,
);

/** The most recently active conversations first: users search those most. */
const FIND_UNINDEXED = statement<{ conversation_id: string }>(
  'messages.find_unindexed',
  `select h.stream_id as conversation_id from stream_heads h
     join conversations c on c.id = h.stream_id
     left join message_search_progress g on g.conversation_id = h.stream_id
    where h.last_number > 0 and c.deleted_at is null
      and (g.conversation_id is null or h.last_number > g.indexed_to or g.indexed_from > 1)
    order by h.last_number_at desc nulls last limit $1`,
);

const FIND_CHANGED = statement<{ conversation_id: string }>(
  'messages.find_index_changes',
  `select distinct conversation_id from message_search_changes limit $1`,
);

/** The result of one batch; `unfinished` conversations have more messages to index. */
export interface IndexedBatch {
  readonly messages: number;
  readonly unfinished: readonly string[];
}

/** How messages are indexed. */
export interface IndexForm {
  /** Names the form: rows with another name are written again. */
  readonly name: string;
  /** Folds messages into the text form of `tsvector`, one for each. */
  readonly fold: (messages: readonly IndexableMessage[]) => Promise<string[]>;
}

/**
 * Owns: message_search, message_search_progress, message_search_changes. Reads: messages, message_mentions,
 * message_attachments, files, conversations, stream_heads.
 */
@Injectable()
export class MessageIndexRepository {
  constructor(private readonly sql: Sql) {}

  /** Indexes a bounded number of messages of these conversations, in one transaction. */
  index(conversationIds: readonly string[], limit: number, form: IndexForm): Promise<IndexedBatch> {
    return this.sql.transaction(async (tx) => {
      await tx.run(START_PROGRESS, [conversationIds]);
      const progress = await tx.many(CLAIM, [conversationIds]);
      const limitEach = Math.max(1, Math.floor(limit / Math.max(1, progress.length)));
      const unindexed = await tx.many(UNINDEXED, [...columnsOf(progress), limitEach]);
      const moved = progress.map((row) => advance(row, unindexed, limitEach));
      const ids = progress.map((row) => row.conversation_id);
      const changes = (await tx.many(TAKE_CHANGES, [ids, limit])).map((row) => row.message_id);
      const changed = changes.length === 0 ? [] : await tx.many(CHANGED, [changes]);
      await write(tx, unindexed.concat(changed as NumberedMessage[]), changes, form);
      await tx.run(ADVANCE, columnsOf(moved));
      const unfinished = moved
        .filter((row) => row.isFull || changes.length === limit)
        .map((row) => row.conversation_id);
      return { messages: unindexed.length + changes.length, unfinished };
    });
  }

  /** Indexes rows that were written in another form anew, at most `limit`; returns how many. */
  renew(limit: number, form: IndexForm): Promise<number> {
    return this.sql.transaction(async (tx) => {
      const ids = (await tx.many(TAKE_OUTDATED, [form.name, limit])).map((row) => row.message_id);
      if (ids.length > 0) await write(tx, await tx.many(CHANGED, [ids]), ids, form);
      return ids.length;
    });
  }

  /** Conversations with messages that are not indexed, or whose indexed text is outdated. */
  async findUnindexed(limit: number): Promise<string[]> {
    const rows = [...(await this.sql.many(FIND_UNINDEXED, [limit])), ...(await this.sql.many(FIND_CHANGED, [limit]))];
    return [...new Set(rows.map((row) => row.conversation_id))];
  }
}

function columnsOf(rows: readonly Progress[]): (string | number)[][] {
  return [
    rows.map((row) => row.conversation_id),
    rows.map((row) => row.indexed_from),
    rows.map((row) => row.indexed_to),
  ];
}

function advance(row: Progress, read: readonly NumberedMessage[], limitEach: number): Progress & { isFull: boolean } {
  const own = read.filter((message) => message.conversation_id === row.conversation_id);
  const newer = own.filter((message) => message.is_newer).map((message) => message.sequence_number);
  const older = own.filter((message) => !message.is_newer).map((message) => message.sequence_number);
  return {
    conversation_id: row.conversation_id,
    indexed_from: older.length < limitEach ? 1 : Math.min(...older),
    indexed_to: Math.max(row.indexed_to, ...newer),
    isFull: newer.length === limitEach || older.length === limitEach,
  };
}

async function write(
  tx: Queryable,
  messages: readonly IndexableMessage[],
  changes: readonly string[],
  { name, fold }: IndexForm,
): Promise<void> {
  const texts = await fold(messages);
  // A message may be both new and noted as changed; one statement can write a row only once.
  const rows = new Map(messages.map((message, at) => [message.id, { ...message, words: texts[at]! }]));
  const found = [...rows.values()].filter((message) => message.is_searchable);
  const removed = changes.filter((id) => rows.get(id)?.is_searchable !== true);
  if (removed.length > 0) await tx.run(REMOVE, [removed]);
  if (found.length === 0) return;
  await tx.run(WRITE, [
    found.map((row) => row.id),
    found.map((row) => row.conversation_id),
    found.map((row) => row.created_ms),
    found.map((row) => row.words),
    name,
  ]);
}
