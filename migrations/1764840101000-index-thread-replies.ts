import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The replies of each thread. A send that is no reply does not change the index. */
export class IndexThreadReplies1764840101000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    // The creation waits for transactions that have begun before, and blocks none.
    await db.query(`set lock_timeout = 0`);
    // An index whose creation was interrupted is invalid, but exists.
    await db.query(`drop index concurrently if exists messages_thread_idx`);
    await db.query(`
      create index concurrently messages_thread_idx on messages (thread_root_id, sequence_number)
       where thread_root_id is not null`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index messages_thread_idx`);
  }
}
