import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The messages that do not count as unread for all, now with those that only some participants see. Replaces the index
 * without them: a send of any other message changes neither.
 */
export class IndexLimitedMessages1795983851920 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    // The creation waits for transactions that have begun before, and blocks none.
    await db.query(`set lock_timeout = 0`);
    // An index whose creation was interrupted is invalid, but exists.
    await db.query(`drop index concurrently if exists messages_not_counted_by_all_idx`);
    await db.query(`
      create index concurrently messages_not_counted_by_all_idx on messages (conversation_id, sequence_number)
       where deleted_at is not null or message_type = 'system' or is_thread_only or audience is not null`);
    await db.query(`drop index concurrently if exists messages_uncounted_idx`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index messages_not_counted_by_all_idx`);
    await db.query(`
      create index messages_uncounted_idx on messages (conversation_id, sequence_number)
       where deleted_at is not null or message_type = 'system' or is_thread_only`);
  }
}
