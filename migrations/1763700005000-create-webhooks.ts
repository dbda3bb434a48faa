import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What outsiders are told. A row of `outbox` is written in the transaction of the change it tells of, and only where
 * `outbox_interests` has somebody who wants it; the relay turns it into deliveries in one transaction, so that it is
 * in one of the two places whatever crashes.
 */
export class CreateWebhooks1763700005000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
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
    await db.query(`comment on column outbox.seq is 'position in the stream; null for what has no place in the log'`);
    await db.query(
      `comment on column outbox.snapshot is 'what was shown of it when it happened, where that was known'`,
    );
    await db.query(`
      create table webhooks (
        id                    uuid        primary key,
        user_id               uuid        not null references users on delete cascade,
        scope                 text        not null check (scope in ('own', 'all')),
        url                   text        not null,
        host                  text        not null,
        events                text[]      not null,
        description           text        not null default '',
        secret_box            bytea       not null,
        previous_secret_box   bytea,
        previous_secret_until timestamptz,
        disabled_at           timestamptz,
        disabled_why          text        check (disabled_why in ('owner', 'gone', 'failing')),
        failures              int         not null default 0,
        failing_since         timestamptz,
        created_at            timestamptz not null default date_trunc('milliseconds', now()),
        updated_at            timestamptz not null default date_trunc('milliseconds', now())
      ) with (fillfactor = 80)`);
    await db.query(`create index webhooks_user_id_idx on webhooks (user_id)`);
    await db.query(`comment on column webhooks.failures is 'in a row, since the last success'`);
    await db.query(`
      create table outbox_interests (
        webhook_id uuid not null references webhooks on delete cascade,
        type       text not null,
        user_id    uuid,
        constraint outbox_interests_pkey primary key (webhook_id, type)
      )`);
    await db.query(`create index outbox_interests_type_idx on outbox_interests (type, user_id)`);
    await db.query(`comment on column outbox_interests.user_id is 'whose eyes it sees with; null: it sees everything'`);
    await db.query(OUTBOX_WANTS);
    await db.query(`
      create table webhook_events (
        id         uuid        primary key,
        type       text        not null,
        stream_id  uuid        not null,
        seq        bigint,
        actor_id   uuid,
        subject_id uuid,
        payload    jsonb,
        message_id uuid,
        at         timestamptz not null,
        data       json,
        created_at timestamptz not null default now()
      )`);
    await db.query(`create index webhook_events_created_at_idx on webhook_events (created_at)`);
    await db.query(
      `create index webhook_events_message_id_idx on webhook_events (message_id) where message_id is not null`,
    );
    await db.query(
      `comment on column webhook_events.data is 'as it was when it happened; null: shown as it is now, its content is gone'`,
    );
    await db.query(`
      create table webhook_deliveries (
        id              uuid        primary key,
        webhook_id      uuid        not null references webhooks on delete cascade,
        event_id        uuid        not null references webhook_events on delete cascade,
        status          text        not null default 'waiting'
                                    check (status in ('waiting', 'queued', 'delivered', 'failed', 'cancelled')),
        reason          text,
        attempts        int         not null default 0,
        tries           int         not null default 0,
        claims          int         not null default 0,
        next_attempt_at timestamptz not null default now(),
        queued_at       timestamptz,
        settled_at      timestamptz,
        created_at      timestamptz not null default date_trunc('milliseconds', now()),
        constraint webhook_deliveries_event_key unique (event_id, webhook_id)
      ) with (fillfactor = 80)`);
    await db.query(`create index webhook_deliveries_webhook_id_idx on webhook_deliveries (webhook_id, created_at, id)`);
    await db.query(
      `create index webhook_deliveries_waiting_idx on webhook_deliveries (webhook_id, next_attempt_at) where status = 'waiting'`,
    );
    await db.query(
      `create index webhook_deliveries_queued_idx on webhook_deliveries (webhook_id, queued_at) where status = 'queued'`,
    );
    await db.query(
      `create index webhook_deliveries_failed_idx on webhook_deliveries (webhook_id, id) where status = 'failed'`,
    );
    await db.query(
      `comment on column webhook_deliveries.tries is 'attempts of this round: a replay begins the schedule again'`,
    );
    await db.query(
      `comment on column webhook_deliveries.claims is 'handed to the queue since the last attempt that was recorded'`,
    );
    await db.query(`
      create table webhook_attempts (
        delivery_id uuid        not null references webhook_deliveries on delete cascade,
        number      int         not null,
        at          timestamptz not null,
        duration_ms int         not null,
        status_code int,
        error       text,
        answer      text,
        constraint webhook_attempts_pkey primary key (delivery_id, number)
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table webhook_attempts, webhook_deliveries, webhook_events`);
    await db.query(`drop function outbox_wants(text, uuid)`);
    await db.query(`drop table outbox_interests, webhooks, outbox`);
  }
}

/**
 * Whether anybody outside wants to hear of such an event of this stream: somebody who sees everything, the user whose
 * own stream it is, or a participant of the conversation. Written so that without any webhook it is one index look-up.
 */
const OUTBOX_WANTS = `
create function outbox_wants(wanted text, stream uuid) returns boolean
language plpgsql stable
as $$
begin
  if not exists (select from outbox_interests i where i.type = wanted) then return false; end if;
  return exists (select from outbox_interests i where i.type = wanted and (i.user_id is null or i.user_id = stream))
      or exists (select from outbox_interests i
                   join participants p on p.user_id = i.user_id and p.conversation_id = stream and p.left_seq is null
                  where i.type = wanted);
end
$$`;
