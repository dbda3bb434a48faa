import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Files, and which message shows which of them. `message_attachments` belongs to messages: a row of it is the binding,
 * and its key is the file, so that no file is ever in two messages. The rows of `files` are those of the module files
 * alone: `append_messages` locks and reads them.
 */
export class CreateFiles1763700004000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table files (
        id              uuid        primary key,
        uploader_id     uuid        not null references users,
        conversation_id uuid,
        name            text        not null,
        type            text        not null,
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
    await db.query(`create index files_uploader_id_idx on files (uploader_id) where deleted_at is null`);
    await db.query(`create index files_unsettled_idx on files (status_at) where status in ('pending', 'scanning')`);
    await db.query(`create index files_uploaded_at_idx on files (uploaded_at)`);
    await db.query(`create index files_deleted_at_idx on files (deleted_at) where deleted_at is not null`);
    await db.query(`comment on column files.conversation_id is 'the only conversation it may be sent to; null: any'`);
    await db.query(
      `comment on column files.scans_begun is 'scans that did not end: a file that takes its scanner down is given up'`,
    );
    await db.query(
      `comment on column files.deleted_at is 'nobody sees it any more; the row goes when the bytes are gone'`,
    );
    await db.query(`
      create table message_attachments (
        file_id    uuid not null references files on delete cascade,
        message_id uuid not null references messages on delete cascade,
        position   int  not null,
        constraint message_attachments_pkey primary key (file_id)
      )`);
    await db.query(`create index message_attachments_message_id_idx on message_attachments (message_id, position)`);
    await db.query(FILE_JSON);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function file_json(files)`);
    await db.query(`drop table message_attachments, files`);
  }
}

/** What is shown of a file, as rows of messages carry it; `FileRow` of the module files is its shape. */
const FILE_JSON = `
create function file_json(f files) returns json
  language sql stable parallel safe
  return json_build_object(
    'id', f.id, 'name', f.name, 'type', f.type, 'category', f.category, 'size', f.size, 'status', f.status,
    'reason', f.reason, 'width', f.width, 'height', f.height, 'blurhash', f.blurhash, 'duration', f.duration,
    'description', f.description, 'has_thumbnail', f.has_thumbnail, 'uploaded_at', f.uploaded_at)`;
