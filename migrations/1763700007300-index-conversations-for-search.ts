import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Admins look conversations up by part of a title or slug. */
export class IndexConversationsForSearch1763700007300 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create index conversations_names_idx on conversations
        using gin (lower(coalesce(title, '') || ' ' || coalesce(slug, '')) gin_trgm_ops)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index conversations_names_idx`);
  }
}
