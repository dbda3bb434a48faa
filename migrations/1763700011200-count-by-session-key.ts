import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the sockets of a session key have done: for whoever holds the key to look at. */
export class CountBySessionKey1763700011200 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table session_keys
        add column messages_sent     bigint not null default 0,
        add column messages_received bigint not null default 0,
        add column connected_ms      bigint not null default 0`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table session_keys drop column messages_sent, drop column messages_received, drop column connected_ms`);
  }
}
