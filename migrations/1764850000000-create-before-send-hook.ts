import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The host's check of messages before they are stored, its verdicts, and held messages that no content rule holds but
 * the check does.
 */
export class CreateBeforeSendHook1764850000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table before_send_hook (
        is_only               boolean          primary key default true check (is_only),
        id                    uuid             not null,
        url                   text             not null,
        secret_box            bytea            not null,
        previous_secret_box   bytea,
        previous_secret_until timestamptz,
        timeout_ms            int              not null,
        on_failure            text             not null check (on_failure in ('allow', 'reject', 'hold')),
        conversation_types    text[],
        message_types         text[],
        sample                int              not null,
        updated_by            uuid             not null,
        created_at            timestamptz      not null default date_trunc('milliseconds', clock_timestamp()),
        updated_at            timestamptz      not null default clock_timestamp()
      )`);
    await db.query(`comment on table before_send_hook is 'one row at most: the hook of the installation'`);
    await db.query(`
      create table before_send_verdicts (
        sender_id         uuid        not null,
        client_message_id text        not null,
        conversation_id   uuid        not null,
        body_hash         text        not null,
        verdict           jsonb       not null,
        decided_at        timestamptz not null default now(),
        constraint before_send_verdicts_pkey primary key (sender_id, client_message_id, conversation_id)
      )`);
    await db.query(`create index before_send_verdicts_decided_at_idx on before_send_verdicts (decided_at)`);
    await db.query(`alter table held_messages alter column rule_id drop not null, add column reason text`);
    await db.query(
      `comment on column held_messages.rule_id is 'null if the check of the host holds the message, not a rule'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`delete from held_messages where rule_id is null`);
    await db.query(`alter table held_messages drop column reason, alter column rule_id set not null`);
    await db.query(`drop table before_send_verdicts, before_send_hook`);
  }
}
