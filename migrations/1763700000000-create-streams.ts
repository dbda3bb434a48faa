import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The durable, ordered event log. A stream is a conversation or a user; its head row is the lock under which every
 * durable change of it happens, so that commit order is seq order. Rows of heads change often: a fill factor of 70
 * keeps those updates on their page (HOT). Times of events are whole milliseconds, as the wire has them: a page cursor
 * made of what a client was shown compares exactly.
 */
export class CreateStreams1763700000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table stream_heads (
        stream_id    uuid        primary key,
        last_seq     bigint      not null default 0,
        last_number  bigint      not null default 0,
        last_at      timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
        last_number_at timestamptz,
        last_xid     xid8        not null default pg_current_xact_id()
      ) with (fillfactor = 70)`);
    await db.query(`
      comment on column stream_heads.last_number is
        'a second dense counter, over what the owner of the stream numbers: messages, in a conversation'`);
    await db.query(`
      create table events (
        stream_id  uuid        not null,
        seq        bigint      not null,
        type       text        not null,
        actor_id   uuid,
        subject_id uuid,
        payload    jsonb,
        at         timestamptz not null,
        xid        xid8        not null default pg_current_xact_id(),
        constraint events_pkey primary key (stream_id, seq)
      )`);
    await db.query(`
      create table installation (
        only_row   boolean primary key default true check (only_row),
        epoch_salt uuid    not null default gen_random_uuid(),
        cursor_key bytea   not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
        created_at timestamptz not null default now()
      )`);
    await db.query(`insert into installation default values`);
    await db.query(`
      create table idempotency_keys (
        user_id    uuid        not null,
        action     text        not null,
        key        text        not null,
        body_hash  bytea       not null,
        status     int,
        body       jsonb,
        created_at timestamptz not null default now(),
        expires_at timestamptz not null,
        constraint idempotency_keys_pkey primary key (user_id, action, key)
      )`);
    await db.query(`create index idempotency_keys_expires_at_idx on idempotency_keys (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table idempotency_keys, installation, events, stream_heads`);
  }
}
