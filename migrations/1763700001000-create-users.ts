import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who there is, how they prove it, and the devices they do it from. */
export class CreateUsers1763700001000 implements MigrationInterface {
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
    await db.query(
      `create index users_search_idx on users using gin ((username || ' ' || lower(display_name)) gin_trgm_ops)`,
    );
    await db.query(`
      create function user_is_banned(banned_at timestamptz, banned_until timestamptz) returns boolean
        language sql stable parallel safe
        return banned_at is not null and (banned_until is null or banned_until > now())`);
    await db.query(`
      create table user_blocks (
        blocker_id uuid        not null references users on delete cascade,
        blocked_id uuid        not null references users on delete cascade,
        created_at timestamptz not null default now(),
        constraint user_blocks_pkey primary key (blocker_id, blocked_id)
      )`);
    await db.query(`
      create table credentials (
        user_id       uuid        primary key references users on delete cascade,
        password_hash text        not null,
        changed_at    timestamptz not null default now()
      )`);
    await db.query(`
      create table external_identities (
        issuer      text        not null,
        subject     text        not null,
        user_id     uuid        not null references users on delete cascade,
        tokens_from timestamptz not null default '-infinity',
        constraint external_identities_pkey primary key (issuer, subject)
      )`);
    await db.query(`
      create table sessions (
        id           uuid        primary key,
        user_id      uuid        not null references users on delete cascade,
        user_agent   text        not null default '',
        ip           text        not null default '',
        created_at   timestamptz not null default now(),
        last_used_at timestamptz not null default now(),
        expires_at   timestamptz not null,
        revoked_at   timestamptz,
        revoked_why  text
      )`);
    await db.query(`create index sessions_user_id_idx on sessions (user_id)`);
    await db.query(`
      create table refresh_tokens (
        token_hash     bytea       primary key,
        session_id     uuid        not null references sessions on delete cascade,
        issued_at      timestamptz not null default now(),
        used_at        timestamptz,
        successor_hash bytea,
        successor_box  bytea
      )`);
    await db.query(`create index refresh_tokens_session_id_idx on refresh_tokens (session_id)`);
    await db.query(`
      create table tickets (
        ticket_hash bytea       primary key,
        session_id  uuid        not null references sessions on delete cascade,
        expires_at  timestamptz not null
      )`);
    await db.query(`
      create table login_failures (
        account    text        not null,
        source     text        not null,
        failures   int         not null,
        last_at    timestamptz not null,
        locked_until timestamptz,
        attempt    uuid        not null,
        constraint login_failures_pkey primary key (account, source)
      )`);
    await db.query(`
      comment on column external_identities.tokens_from is
        'tokens of the provider issued before this are refused: everything was logged out then'`);
    await db.query(`comment on column login_failures.attempt is 'the last try that was let through'`);
    await db.query(`create index login_failures_last_at_idx on login_failures (last_at)`);
    await db.query(`create index sessions_expires_at_idx on sessions (expires_at)`);
    await db.query(`
      create table known_devices (
        device_hash bytea       not null,
        user_id     uuid        not null references users on delete cascade,
        last_used_at timestamptz not null default now(),
        constraint known_devices_pkey primary key (user_id, device_hash)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop table known_devices, login_failures, tickets, refresh_tokens, sessions, external_identities, credentials,
                 user_blocks, users`);
    await db.query(`drop function user_is_banned(timestamptz, timestamptz)`);
  }
}
