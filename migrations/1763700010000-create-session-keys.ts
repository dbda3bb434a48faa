import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Secrets that stand for a session where no token can be sent: in a cookie, or in the address of a socket. */
export class CreateSessionKeys1763700010000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table session_keys (
        key_hash    bytea       primary key,
        session_id  uuid        not null references sessions on delete cascade,
        preferences jsonb       not null default '{}',
        created_at  timestamptz not null default date_trunc('milliseconds', now()),
        last_used_at timestamptz not null default date_trunc('milliseconds', now()),
        expires_at  timestamptz not null
      )`);
    await db.query(`create index session_keys_session_id_idx on session_keys (session_id, created_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table session_keys`);
  }
}
