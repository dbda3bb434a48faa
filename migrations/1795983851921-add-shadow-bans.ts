import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Shadow bans; the audience that a shadow-banned sender has stated for a message which no other user sees; and what such a
 * user changes of messages that others see.
 */
export class AddShadowBans1795983851921 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table users
        add column shadow_banned_at    timestamptz,
        add column shadow_banned_until timestamptz,
        add column shadow_ban_reason   text`);
    await db.query(`alter table messages add column stated_audience uuid[], add column shadowed_edit jsonb`);
    await db.query(`alter table reactions add column is_shadowed boolean not null default false`);
    await db.query(`alter table poll_votes add column is_shadowed boolean not null default false`);
    await db.query(
      `comment on column messages.shadowed_edit is 'the text after an edit of a shadow-banned sender, to whom alone it is shown'`,
    );
    await db.query(
      `comment on column messages.stated_audience is 'visible_to of a shadow-banned sender, to whom alone it is shown'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'shadow_system_message(uuid)');
    await db.query(`alter table messages drop column stated_audience, drop column shadowed_edit`);
    await db.query(`alter table reactions drop column is_shadowed`);
    await db.query(`alter table poll_votes drop column is_shadowed`);
    await db.query(
      `alter table users drop column shadow_banned_at, drop column shadow_banned_until, drop column shadow_ban_reason`,
    );
  }
}
