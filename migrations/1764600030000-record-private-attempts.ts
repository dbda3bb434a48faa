import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a receiver inside a private network answered is not for every user to read. */
export class RecordPrivateAttempts1764600030000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table webhook_attempts add column is_private boolean`);
    await db.query(
      `comment on column webhook_attempts.is_private is 'whether the address it connected to was private; null: not recorded'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table webhook_attempts drop column is_private`);
  }
}
