import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/** A lease for each connection, which keeps its user present, and the status that each user has chosen. */
export class CreatePresence1764700005000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create unlogged table presence_leases (
        connection_id uuid        primary key,
        user_id       uuid        not null,
        node_id       uuid        not null,
        is_away       boolean     not null default false,
        expires_at    timestamptz not null
      )`);
    await db.query(`create index presence_leases_user_id_idx on presence_leases (user_id)`);
    await db.query(`create index presence_leases_expires_at_idx on presence_leases (expires_at)`);
    await db.query(`
      create table presence_settings (
        user_id          uuid        primary key references users on delete cascade,
        status           text        not null default 'online' check (status in ('online', 'away', 'busy', 'offline')),
        custom           text,
        last_seen        timestamptz,
        updated_at       timestamptz not null default now(),
        announced_status text        not null default 'offline',
        announced_custom text
      )`);
    await db.query(
      `comment on column presence_settings.announced_status is 'the status announced last: only a change is announced'`,
    );
    // Nearly every user is offline: the search for users who were last announced otherwise must not read all of them.
    await db.query(
      `create index presence_settings_announced_idx on presence_settings (user_id) where announced_status <> 'offline'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table presence_settings, presence_leases`);
    await dropFunctions(db, 'settle_presence(uuid[])');
  }
}
