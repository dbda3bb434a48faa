import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts that were deleted, and whether all that follows from it has been done. */
export class CreateAccountDeletions1763700007200 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table account_deletions (
        user_id      uuid        primary key references users on delete cascade,
        messages     text        not null check (messages in ('keep', 'anonymise', 'delete')),
        requested_at timestamptz not null,
        finished_at  timestamptz
      )`);
    await db.query(
      `create index account_deletions_unfinished_idx on account_deletions (requested_at) where finished_at is null`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table account_deletions`);
  }
}
