import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Previews of links in messages, and what is known of the pages. The pages need not survive a crash or a backup. */
export class AddLinkPreviews1795985747231 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column link_previews jsonb`);
    await db.query(
      `comment on column messages.link_previews is '[{url, title, description, site_name, image_url}]; empty: it is to have none'`,
    );
    await db.query(`
      create unlogged table link_previews (
        url        text        primary key,
        page       jsonb,
        expires_at timestamptz not null
      )`);
    await db.query(`comment on column link_previews.page is 'null: it could not be read'`);
    await db.query(`create index link_previews_expires_at_idx on link_previews (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table link_previews`);
    await db.query(`alter table messages drop column link_previews`);
  }
}
