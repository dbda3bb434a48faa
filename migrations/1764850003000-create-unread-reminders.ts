import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reminders of unread messages: when each user was last reminded, and up to when messages were looked at. */
export class CreateUnreadReminders1764850003000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table unread_reminders (
        user_id     uuid        primary key references users on delete cascade,
        reminded_at timestamptz not null
      )`);
    await db.query(`
      create table unread_reminder_progress (
        is_only       boolean     primary key default true check (is_only),
        scanned_until timestamptz not null
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table unread_reminder_progress, unread_reminders`);
  }
}
