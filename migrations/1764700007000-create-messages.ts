import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunction, dropFunctions } from '../src/platform/database/sql-functions.js';

/** Messages, the attachments that bind files to them, and the table that a search reads. */
export class CreateMessages1764700007000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await createMessages(db);
    await createAttachments(db);
    await createRetentionMarks(db);
    await createSearch(db);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop table message_search_changes, message_search_progress, message_search, retention_marks, message_attachments,
                 reactions, message_edits, messages`);
    await dropFunctions(
      db,
      `append_messages(uuid[], uuid[], uuid[], uuid[], text[], text[], text[], text[], jsonb[], jsonb[]),
       send_outcome(record, timestamptz, timestamptz, int, int, uuid[]), append_system_message(uuid, uuid, uuid, text, jsonb, bigint, timestamptz),
       unread_count_after_mark(uuid, bigint, bigint), unread_count(uuid, bigint, bigint), note_message_change(),
       message_number_at(uuid, bigint), search_spans(bigint)`,
    );
  }
}

async function createMessages(db: QueryRunner): Promise<void> {
  await db.query(`
    create table messages (
      id                uuid        primary key,
      conversation_id   uuid        not null,
      sequence_number   bigint      not null,
      seq               bigint      not null,
      sender_id         uuid        not null,
      client_message_id text,
      body_hash         bytea,
      message_type      text        not null,
      content           text        not null,
      reply_to_id       uuid,
      mentions          uuid[]      not null default '{}',
      metadata          jsonb,
      created_at        timestamptz not null,
      edited_at         timestamptz,
      deleted_at        timestamptz,
      deleted_by        uuid,
      pinned_at         timestamptz,
      pinned_by         uuid,
      constraint messages_sequence_number_key unique (conversation_id, sequence_number)
    )`);
  await db.query(
    `comment on column messages.sequence_number is 'the number of the message: dense in its conversation'`,
  );
  await db.query(`comment on column messages.seq is 'the position of its event message.created in the stream'`);
  // The key comes before the conversation, and the look-up says "is not distinct from" of the latter: with the
  // statistics of a young table the planner took another index instead, and read whole conversations for each send.
  await db.query(`
    create unique index messages_client_message_id_key on messages (sender_id, client_message_id, conversation_id)
     where client_message_id is not null`);
  await db.query(
    `create index messages_reply_to_id_idx on messages (reply_to_id, sequence_number) where reply_to_id is not null`,
  );
  await db.query(
    `create index messages_pinned_idx on messages (conversation_id, pinned_at) where pinned_at is not null`,
  );
  // Deleted messages do not count as unread. The index contains tombstones only: a send does not change it, and a
  // deletion adds one entry.
  await db.query(`
    create index messages_deleted_idx on messages (conversation_id, sequence_number) where deleted_at is not null`);
  await db.query(`
    create table message_edits (
      message_id uuid        not null references messages on delete cascade,
      version    int         not null,
      content    text        not null,
      edited_by  uuid        not null,
      edited_at  timestamptz not null,
      constraint message_edits_pkey primary key (message_id, version)
    )`);
  await db.query(`
    create table reactions (
      message_id uuid        not null references messages on delete cascade,
      emoji      text        not null,
      user_id    uuid        not null references users on delete cascade,
      created_at timestamptz not null default now(),
      constraint reactions_pkey primary key (message_id, emoji, user_id)
    )`);
}

/** A row is the binding of a file to a message, and its key is the file: no file is ever in two messages. */
async function createAttachments(db: QueryRunner): Promise<void> {
  await db.query(`
    create table message_attachments (
      file_id    uuid not null references files on delete cascade,
      message_id uuid not null references messages on delete cascade,
      position   int  not null,
      constraint message_attachments_pkey primary key (file_id)
    )`);
  await db.query(`create index message_attachments_message_id_idx on message_attachments (message_id, position)`);
  await createFunction(db, 'modules/files/sql/let-go-of-files.sql');
  await db.query(`
    create trigger message_attachments_let_go after delete on message_attachments
    referencing old table as gone for each statement execute function let_go_of_files()`);
}

async function createRetentionMarks(db: QueryRunner): Promise<void> {
  await db.query(`
    create table retention_marks (
      conversation_id uuid   primary key references conversations on delete cascade,
      last_number     bigint not null
    )`);
  await db.query(
    `comment on column retention_marks.last_number is 'no message up to this number has any content left'`,
  );
}

/**
 * The folded words of each message, written by the indexer after the send: the send computes nothing for the search.
 */
async function createSearch(db: QueryRunner): Promise<void> {
  await db.query(`
    create table message_search (
      message_id      uuid     primary key,
      conversation_id uuid     not null,
      created_ms      bigint   not null,
      words           tsvector not null
    ) with (autovacuum_analyze_scale_factor = 0.02)`);
  await db.query(`comment on column message_search.created_ms is 'messages.created_at in milliseconds since 1970'`);
  // The frequency of a word decides how it is searched: the statistics contain up to ten times as many words.
  await db.query(`alter table message_search alter column words set statistics 200`);
  await createFunction(db, 'modules/messages/sql/search-spans.sql');
  await db.query(`
    create index message_search_words_idx on message_search
     using gin (words, (array[conversation_id]), search_spans(created_ms)) with (gin_pending_list_limit = 1024)`);
  await db.query(`
    create table message_search_progress (
      conversation_id uuid   primary key references conversations on delete cascade,
      indexed_from    bigint not null,
      indexed_to      bigint not null
    ) with (fillfactor = 80)`);
  await db.query(`comment on table message_search_progress is
    'messages with a sequence number in between, both included, are in message_search or in message_search_changes'`);
  await db.query(`
    create table message_search_changes (
      conversation_id uuid not null,
      message_id      uuid not null,
      constraint message_search_changes_pkey primary key (conversation_id, message_id)
    )`);
  await db.query(`comment on table message_search_changes is 'messages whose text has changed since it was indexed'`);
  await createFunction(db, 'modules/messages/sql/note-message-change.sql');
  await db.query(`
    create trigger messages_note_edit after update of content on messages
      for each row when (old.content is distinct from new.content) execute function note_message_change()`);
  await db.query(`
    create trigger messages_note_removal after delete on messages
      for each row execute function note_message_change()`);
}
