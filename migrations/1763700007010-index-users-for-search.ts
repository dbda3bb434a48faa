import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The index under the search for users follows what the search compares, which is the folded name; admins also search
 * for e-mail addresses and go through roles, bans and deletions.
 */
export class IndexUsersForSearch1763700007010 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`create index users_names_idx on users using gin ((username || ' ' || folded_name) gin_trgm_ops)`);
    await db.query(`create index users_email_search_idx on users using gin (email gin_trgm_ops)`);
    await db.query(`create index users_role_idx on users (role, id)`);
    await db.query(`create index users_banned_idx on users (id) where banned_at is not null`);
    await db.query(`create index users_deleted_idx on users (id) where deleted_at is not null`);
    await db.query(`drop index users_search_idx`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      create index users_search_idx on users using gin ((username || ' ' || lower(display_name)) gin_trgm_ops)`);
    await db.query(
      `drop index users_names_idx, users_email_search_idx, users_role_idx, users_banned_idx, users_deleted_idx`,
    );
  }
}
