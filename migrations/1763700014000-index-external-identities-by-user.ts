import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every logout of all devices refuses the older tokens of the user's identities at providers. */
export class IndexExternalIdentitiesByUser1763700014000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index external_identities_user_id_idx on external_identities (user_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index external_identities_user_id_idx`);
  }
}
