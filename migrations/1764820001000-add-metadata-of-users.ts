import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Data of the host product about a user: for everyone, and for the user and the host product only. */
export class AddMetadataOfUsers1764820001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table users
        add column public_metadata  jsonb not null default '{}',
        add column private_metadata jsonb not null default '{}'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table users drop column public_metadata, drop column private_metadata`);
  }
}
