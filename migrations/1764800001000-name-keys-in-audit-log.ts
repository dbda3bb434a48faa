import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An act with a server key names the key, besides the user as whom it acted. */
export class NameKeysInAuditLog1764800001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table audit_log add column server_key_id uuid, add column server_key_name text`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table audit_log drop column server_key_id, drop column server_key_name`);
  }
}
