import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunction, dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Conversations. The stream of a conversation has the id of the conversation. Titles are searched in their folded form,
 * as the names of users are. Rooms are listed by their creation in both directions; the next page begins at a
 * millisecond, so no `created_at` may be finer.
 */
export class CreateConversations1764700003000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table conversations (
        id           uuid        primary key,
        type         text        not null check (type in ('direct', 'group', 'room')),
        title        text,
        folded_title text,
        description  text        not null default '',
        slug         text,
        category     text,
        direct_key   text,
        created_by   uuid        references users,
        settings     jsonb       not null default '{}',
        created_at   timestamptz not null default date_trunc('milliseconds', now()),
        updated_at   timestamptz not null default now(),
        deleted_at   timestamptz,
        constraint conversations_slug_key       unique (slug),
        constraint conversations_direct_key_key unique (direct_key),
        constraint conversations_direct_check   check ((type = 'direct') = (direct_key is not null))
      )`);
    await db.query(`comment on column conversations.folded_title is 'null: lower(title) is searched instead'`);
    await db.query(
      `create index conversations_rooms_idx on conversations (created_at, id) where type = 'room' and deleted_at is null`,
    );
    await db.query(`
      create index conversations_public_rooms_idx on conversations (id)
       where type = 'room' and deleted_at is null and coalesce((settings ->> 'is_private')::boolean, false) = false`);
    // Admins search for a part of a title or slug.
    await db.query(`
      create index conversations_names_idx on conversations
        using gin (lower(coalesce(title, '') || ' ' || coalesce(slug, '')) gin_trgm_ops)`);
    await db.query(`
      create index conversations_retention_idx on conversations (id)
       where settings ->> 'message_retention_days' is not null and deleted_at is null`);
    await db.query(`create index conversations_deleted_idx on conversations (id) where deleted_at is not null`);
    await createFunction(db, 'modules/conversations/sql/forget-folded-title.sql');
    await db.query(`
      create trigger conversations_forget_folded_title before update of title on conversations
        for each row when (old.title is distinct from new.title and old.folded_title is not distinct from new.folded_title)
        execute function forget_folded_title()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table conversations`);
    await dropFunctions(db, 'forget_folded_title()');
  }
}
