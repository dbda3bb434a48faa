import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whether a message asks to be delivered without an alert, or without a push. */
export class AddNotificationOfMessages1764890002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table messages
        add column is_silent  boolean not null default false,
        add column skips_push boolean not null default false`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages drop column is_silent, drop column skips_push`);
  }
}
