import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * The tables of `src/platform`: the durable, ordered event log with its outbox, the installation, idempotency keys, and
 * the record of the installed SQL functions.
 *
 * A stream is a conversation or a user; its head row is the lock under which every durable change of it happens, so
 * that commit order is seq order. Rows of heads change often: a fill factor of 70 keeps those updates on their page
 * (HOT). Times of events are whole milliseconds, as on the wire: a page cursor made of a time that a client has
 * received compares exactly.
 */
export class CreatePlatform1764700000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table schema_functions (
        path         text        primary key,
        hash         text        not null,
        program      text        not null,
        installed_at timestamptz not null default now()
      )`);
    await db.query(`
      comment on table schema_functions is
        'the SQL functions that were installed, by the path of their file in src/'`);
    await db.query(`comment on column schema_functions.program is 'the version of the program that installed it'`);
    await db.query(`
      create table stream_heads (
        stream_id      uuid        primary key,
        last_seq       bigint      not null default 0,
        last_number    bigint      not null default 0,
        last_at        timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
        last_number_at timestamptz,
        last_xid       xid8        not null default pg_current_xact_id()
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
    // A row is written in the transaction of its change, and only if `outbox_interests` has a webhook that subscribes
    // to it. The relay turns it into deliveries in one transaction: it is in one of the two tables, whatever crashes.
    await db.query(`
      create table outbox (
        id         bigint      generated always as identity primary key,
        type       text        not null,
        stream_id  uuid        not null,
        seq        bigint,
        actor_id   uuid,
        subject_id uuid,
        payload    jsonb,
        snapshot   json,
        at         timestamptz not null
      ) with (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)`);
    await db.query(`comment on column outbox.seq is 'position in the stream; null: not an event of the log'`);
    await db.query(`comment on column outbox.snapshot is 'the content when it happened, where that was known'`);
    await db.query(`
      create table installation (
        only_row   boolean     primary key default true check (only_row),
        epoch_salt uuid        not null default gen_random_uuid(),
        cursor_key bytea       not null default decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'),
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
    await dropFunctions(
      db,
      'outbox_wants(text, uuid), outbox_wants(text, uuid, uuid), outbox_write(text, uuid, uuid, jsonb)',
    );
    await db.query(`drop table idempotency_keys, installation, outbox, events, stream_heads, schema_functions`);
  }
}
