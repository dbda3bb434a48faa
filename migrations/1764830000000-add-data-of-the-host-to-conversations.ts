import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the host product adds to conversations: its own id, a picture, and data by which it finds them. One index serves
 * every key of the data; conversations without data are not in it.
 */
export class AddDataOfTheHostToConversations1764830000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table conversations
        add column external_id text,
        add column picture     text,
        add column metadata    jsonb not null default '{}',
        add constraint conversations_external_id_key unique (external_id)`);
    await db.query(
      `comment on column conversations.external_id is 'the id of the host product; null after the deletion'`,
    );
    await db.query(`
      create index conversations_metadata_idx on conversations using gin (metadata jsonb_path_ops)
       where metadata <> '{}' and deleted_at is null`);
    await db.query(`alter table participants add column metadata jsonb`);
    await db.query(`comment on column participants.metadata is 'data of the participant, for them alone; null: none'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table participants drop column metadata`);
    await db.query(`alter table conversations drop column metadata, drop column picture, drop column external_id`);
  }
}
