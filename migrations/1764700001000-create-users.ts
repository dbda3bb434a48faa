import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Users, and the users they block. Names are searched in their folded form, which the process computes whatever the
 * collation of the database is; admins also search for email addresses and page through roles, bans and deletions.
 */
export class CreateUsers1764700001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`create extension if not exists pg_trgm`);
    await db.query(`
      create table users (
        id           uuid        primary key,
        username     text        not null check (username = lower(username)),
        email        text                 check (email = lower(email)),
        display_name text        not null,
        folded_name  text        not null default '',
        bio          text        not null default '',
        avatar_url   text,
        location     text        not null default '',
        role         text        not null default 'user' check (role in ('admin', 'moderator', 'teacher', 'student', 'user')),
        banned_at    timestamptz,
        banned_until timestamptz,
        ban_reason   text,
        deleted_at   timestamptz,
        created_at   timestamptz not null default now(),
        updated_at   timestamptz not null default now(),
        constraint users_username_key unique (username),
        constraint users_email_key    unique (email)
      )`);
    await db.query(`create index users_names_idx on users using gin ((username || ' ' || folded_name) gin_trgm_ops)`);
    await db.query(`create index users_email_search_idx on users using gin (email gin_trgm_ops)`);
    await db.query(`create index users_role_idx on users (role, id)`);
    await db.query(`create index users_banned_idx on users (id) where banned_at is not null`);
    await db.query(`create index users_deleted_idx on users (id) where deleted_at is not null`);
    await db.query(`
      create table user_blocks (
        blocker_id uuid        not null references users on delete cascade,
        blocked_id uuid        not null references users on delete cascade,
        created_at timestamptz not null default now(),
        constraint user_blocks_pkey primary key (blocker_id, blocked_id)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table user_blocks, users`);
    await dropFunctions(db, 'user_is_banned(timestamptz, timestamptz)');
  }
}
