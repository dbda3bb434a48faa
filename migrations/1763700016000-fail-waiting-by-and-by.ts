import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What waits for a webhook that is disabled may be more than one statement can fail in its time. */
export class FailWaitingByAndBy1763700016000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table webhooks add column fail_until timestamptz`);
    await db.query(
      `comment on column webhooks.fail_until is 'deliveries made until then that wait have failed; null: none is left'`,
    );
    await db.query(`create index webhooks_fail_until_idx on webhooks (id) where fail_until is not null`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table webhooks drop column fail_until`);
  }
}
