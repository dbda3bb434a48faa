import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Finds the rows of the search index that were written in another form. */
export class IndexFormOfSearchIndex1764895001000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    // The creation waits for transactions that have begun before, and blocks none.
    await db.query(`set lock_timeout = 0`);
    // An index whose creation was interrupted is invalid, but exists.
    await db.query(`drop index concurrently if exists message_search_form_idx`);
    await db.query(`create index concurrently message_search_form_idx on message_search (index_form)`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index message_search_form_idx`);
  }
}
