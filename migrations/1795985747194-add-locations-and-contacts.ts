import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Locations and contacts of messages. */
export class AddLocationsAndContacts1795985747194 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column location jsonb, add column contact jsonb`);
    await db.query(`comment on column messages.location is '{latitude, longitude, name?, address?}'`);
    await db.query(`comment on column messages.contact is '{name, phone_numbers?, emails?, user_id?}'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages drop column contact, drop column location`);
  }
}
