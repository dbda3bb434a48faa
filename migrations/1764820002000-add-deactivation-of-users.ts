import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A deactivated user has no session and gets none; the account is otherwise unchanged. */
export class AddDeactivationOfUsers1764820002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table users add column deactivated_at timestamptz`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table users drop column deactivated_at`);
  }
}
