import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mutes that end at a time, for the task that ends them. Sends change rows of participants, but none of this index. */
export class IndexEndsOfMutes1764880001000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    // The creation waits for transactions that have begun before, and blocks none.
    await db.query(`set lock_timeout = 0`);
    // An index whose creation was interrupted is invalid, but exists.
    await db.query(`drop index concurrently if exists participants_muted_until_idx`);
    await db.query(`
      create index concurrently participants_muted_until_idx on participants (muted_until)
       where is_muted and muted_until is not null`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index participants_muted_until_idx`);
  }
}
