import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/** Forwarded messages, and files that share the stored object of another file. */
export class AddForwardedMessages1795980140616 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column forwarded jsonb`);
    await db.query(
      `comment on column messages.forwarded is 'the message that was forwarded, as it was: {sender_id, created_at, content}; null: none was'`,
    );
    await db.query(`alter table files add column object_id uuid`);
    await db.query(
      `comment on column files.object_id is 'the file with whose id the bytes are stored, which may have been deleted; null: its own'`,
    );
    await db.query(`create index files_object_id_idx on files (object_id) where object_id is not null`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'file_json(files)');
    await db.query(`alter table files drop column object_id`);
    await db.query(`alter table messages drop column forwarded`);
  }
}
