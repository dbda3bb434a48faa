import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/** Legal holds: what they cover is not deleted until they are released. Released holds stay as a record. */
export class CreateLegalHolds1764850001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table legal_holds (
        id          uuid        primary key,
        target_type text        not null check (target_type in ('conversation', 'user')),
        target_id   uuid        not null,
        reason      text        not null,
        created_by  uuid        not null,
        created_at  timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
        released_by uuid,
        released_at timestamptz
      )`);
    await db.query(`comment on table legal_holds is 'a user: every conversation in which they take or took part'`);
    await db.query(
      `create unique index legal_holds_target_key on legal_holds (target_id, target_type) where released_at is null`,
    );
    await db.query(`alter table account_deletions add column tried_at timestamptz`);
    await db.query(
      `comment on column account_deletions.tried_at is 'when a legal hold last kept messages from being deleted'`,
    );
    await db.query(`create index legal_holds_page_idx on legal_holds (created_at desc, id desc)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'under_legal_hold(uuid)');
    await db.query(`alter table account_deletions drop column tried_at`);
    await db.query(`drop table legal_holds`);
  }
}
