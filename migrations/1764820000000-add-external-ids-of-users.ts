import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The id of a user in the host product. An erased account keeps it, so that no token of the host opens a new one. */
export class AddExternalIdsOfUsers1764820000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table users
        add column external_id text,
        add constraint users_external_id_key unique (external_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table users drop column external_id`);
  }
}
