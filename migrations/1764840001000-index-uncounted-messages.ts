import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The messages that do not count as unread, and those that mention all participants. A send of any other message
 * changes neither index. The first one replaces the index of tombstones, which it includes.
 */
export class IndexUncountedMessages1764840001000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    // The creation waits for transactions that have begun before, and blocks none.
    await db.query(`set lock_timeout = 0`);
    // An index whose creation was interrupted is invalid, but exists.
    await db.query(`drop index concurrently if exists messages_uncounted_idx`);
    await db.query(`
      create index concurrently messages_uncounted_idx on messages (conversation_id, sequence_number)
       where deleted_at is not null or message_type = 'system' or is_thread_only`);
    await db.query(`drop index concurrently if exists messages_mention_all_idx`);
    await db.query(`
      create index concurrently messages_mention_all_idx on messages (conversation_id, sequence_number)
       where mention_scope = 'all' and deleted_at is null`);
    await db.query(`drop index concurrently if exists messages_deleted_idx`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index messages_uncounted_idx, messages_mention_all_idx`);
    await db.query(`
      create index messages_deleted_idx on messages (conversation_id, sequence_number) where deleted_at is not null`);
  }
}
