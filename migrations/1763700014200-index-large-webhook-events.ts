import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The bodies the upkeep forgets after an hour: few of many, and none of them is read to find them. */
export class IndexLargeWebhookEvents1763700014200 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create index webhook_events_large_idx on webhook_events (created_at)
       where seq is not null and octet_length(data::text) > 20480`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index webhook_events_large_idx`);
  }
}
