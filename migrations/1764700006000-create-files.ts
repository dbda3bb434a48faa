import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Files. Only the module files writes these rows: `append_messages` locks and reads them.
 *
 * The cleanup checks a file once while a message contains it: it records the conversation in `shown_in`, which removes
 * the file from the index of those to check. When an attachment is deleted, the file is put back there in the same
 * transaction (see the trigger of `message_attachments`); the files of a deleted conversation are found by `shown_in`.
 */
export class CreateFiles1764700006000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table files (
        id              uuid        primary key,
        uploader_id     uuid        not null references users,
        conversation_id uuid,
        shown_in        uuid,
        name            text        not null,
        type            text        not null,
        charset         text,
        category        text        not null check (category in ('image', 'document', 'audio', 'video', 'archive')),
        size            bigint      not null,
        content_hash    text        not null,
        description     text        not null default '',
        status          text        not null default 'pending' check (status in ('pending', 'scanning', 'ready', 'rejected')),
        reason          text,
        width           int,
        height          int,
        blurhash        text,
        duration        double precision,
        has_thumbnail   boolean     not null default false,
        scans_begun     int         not null default 0,
        uploaded_at     timestamptz not null default date_trunc('milliseconds', now()),
        status_at       timestamptz not null default now(),
        deleted_at      timestamptz
      )`);
    await db.query(`comment on column files.conversation_id is 'the only conversation it may be sent to; null: any'`);
    await db.query(
      `comment on column files.shown_in is 'the conversation of the message that contained it when the cleanup checked it; null: to be checked'`,
    );
    await db.query(`comment on column files.charset is 'of text; null means UTF-8'`);
    await db.query(
      `comment on column files.scans_begun is 'scans that did not end: a file that crashes its scanner is given up'`,
    );
    await db.query(
      `comment on column files.deleted_at is 'it is no longer visible; the row is deleted after the bytes'`,
    );
    await db.query(`create index files_uploader_id_idx on files (uploader_id) where deleted_at is null`);
    await db.query(`create index files_unsettled_idx on files (status_at) where status in ('pending', 'scanning')`);
    await db.query(`create index files_uploaded_at_idx on files (uploaded_at)`);
    await db.query(`create index files_deleted_at_idx on files (deleted_at) where deleted_at is not null`);
    await db.query(
      `create index files_to_look_at_idx on files (uploaded_at) where shown_in is null and deleted_at is null`,
    );
    await db.query(`create index files_shown_in_idx on files (shown_in, id) where deleted_at is null`);
    await db.query(`
      create table file_folder (
        only_row boolean primary key default true check (only_row),
        id       uuid    not null
      )`);
    await db.query(`comment on table file_folder is 'which folder holds the stored files when STORAGE is disk'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'file_json(files), let_go_of_files()');
    await db.query(`drop table file_folder, files`);
  }
}
