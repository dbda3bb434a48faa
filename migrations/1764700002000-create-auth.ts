import type { MigrationInterface, QueryRunner } from 'typeorm';

const GUEST = '00000000-0000-7000-8000-000000000001';
const GUEST_SESSION = '00000000-0000-7000-8000-000000000002';

/** Credentials of users, their sessions and devices, and the account of the guests. */
export class CreateAuth1764700002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await createCredentials(db);
    await createSessions(db);
    await createGuest(db);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop table session_keys, tickets, refresh_tokens, sessions, known_devices, login_failures, external_identities,
                 credentials`);
    await db.query(`delete from stream_heads where stream_id = '${GUEST}'`);
    await db.query(`delete from users where id = '${GUEST}'`);
  }
}

async function createCredentials(db: QueryRunner): Promise<void> {
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
    comment on column external_identities.tokens_from is
      'tokens of the provider issued before this are refused: the user logged out of all sessions then'`);
  // A logout of all devices refuses the older tokens of the user's identities at providers.
  await db.query(`create index external_identities_user_id_idx on external_identities (user_id)`);
  await db.query(`
    create table login_failures (
      account      text        not null,
      source       text        not null,
      failures     int         not null,
      last_at      timestamptz not null,
      locked_until timestamptz,
      attempt      uuid        not null,
      constraint login_failures_pkey primary key (account, source)
    )`);
  await db.query(`comment on column login_failures.attempt is 'the last attempt that was permitted'`);
  await db.query(`create index login_failures_last_at_idx on login_failures (last_at)`);
  await db.query(`
    create table known_devices (
      device_hash  bytea       not null,
      user_id      uuid        not null references users on delete cascade,
      last_used_at timestamptz not null default now(),
      constraint known_devices_pkey primary key (user_id, device_hash)
    )`);
}

/**
 * A session key is a secret that stands for a session where no token can be sent: in a cookie, or in the URL of a
 * socket.
 */
async function createSessions(db: QueryRunner): Promise<void> {
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
  await db.query(`create index sessions_expires_at_idx on sessions (expires_at)`);
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
    create table session_keys (
      key_hash          bytea       primary key,
      session_id        uuid        not null references sessions on delete cascade,
      preferences       jsonb       not null default '{}',
      messages_sent     bigint      not null default 0,
      messages_received bigint      not null default 0,
      connected_ms      bigint      not null default 0,
      created_at        timestamptz not null default date_trunc('milliseconds', now()),
      last_used_at      timestamptz not null default date_trunc('milliseconds', now()),
      expires_at        timestamptz not null
    )`);
  await db.query(`create index session_keys_session_id_idx on session_keys (session_id, created_at)`);
}

/**
 * The account that represents every user without an account. It has no credential, so a login is impossible, and one
 * session that does not end, so that what a guest writes is checked like the messages of every user. Banning it
 * excludes all guests.
 */
async function createGuest(db: QueryRunner): Promise<void> {
  await db.query(`
    insert into users (id, username, display_name, folded_name) values ('${GUEST}', 'guest', 'Guest', 'guest')`);
  await db.query(`insert into stream_heads (stream_id) values ('${GUEST}')`);
  await db.query(`
    insert into sessions (id, user_id, user_agent, ip, expires_at)
    values ('${GUEST_SESSION}', '${GUEST}', '', '', '9999-12-31')`);
}
