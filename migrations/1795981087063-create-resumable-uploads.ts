import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Uploads that continue after a lost connection. What has arrived is stored in pieces, each with a key of its own, so that
 * a request that was overtaken by another one overwrites nothing.
 */
export class CreateResumableUploads1795981087063 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table resumable_uploads (
        id              uuid        primary key,
        uploader_id     uuid        not null references users,
        conversation_id uuid,
        name            text        not null,
        declared_type   text        not null,
        description     text        not null,
        length          bigint      not null check (length > 0),
        received        bigint      not null default 0 check (received between 0 and length),
        writer          uuid,
        file_id         uuid        references files on delete set null,
        created_at      timestamptz not null default date_trunc('milliseconds', now()),
        expires_at      timestamptz not null,
        completed_at    timestamptz,
        deleted_at      timestamptz
      )`);
    await db.query(
      `comment on column resumable_uploads.received is 'the bytes that are durably stored, from the first'`,
    );
    await db.query(
      `comment on column resumable_uploads.writer is 'the last request that continued it: only this one may add pieces'`,
    );
    await db.query(
      `comment on column resumable_uploads.file_id is 'the file made of it; with it the upload is complete when completed_at is set'`,
    );
    await db.query(`
      create index resumable_uploads_uploader_id_idx on resumable_uploads (uploader_id)
       where deleted_at is null and completed_at is null`);
    await db.query(
      `create index resumable_uploads_file_id_idx on resumable_uploads (file_id) where file_id is not null`,
    );
    await db.query(
      `create index resumable_uploads_expires_at_idx on resumable_uploads (expires_at) where deleted_at is null`,
    );
    await db.query(
      `create index resumable_uploads_deleted_at_idx on resumable_uploads (deleted_at) where deleted_at is not null`,
    );
    await db.query(`
      create table upload_pieces (
        id         uuid    primary key,
        upload_id  uuid    not null references resumable_uploads on delete cascade,
        start      bigint  not null,
        size       bigint  not null,
        is_counted boolean not null default false
      )`);
    await db.query(
      `comment on column upload_pieces.is_counted is 'it is stored and part of the received bytes; the row is inserted before the bytes are stored'`,
    );
    await db.query(`create index upload_pieces_upload_id_idx on upload_pieces (upload_id, start)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table upload_pieces, resumable_uploads`);
  }
}
