import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Webhooks, the events they subscribe to, and the deliveries. A new URL of a webhook answers a challenge before its
 * first event.
 */
export class CreateWebhooks1764700008000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await createWebhooks(db);
    await createDeliveries(db);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table webhook_attempts, webhook_deliveries, webhook_events, outbox_interests, webhooks`);
  }
}

async function createWebhooks(db: QueryRunner): Promise<void> {
  await db.query(`
    create table webhooks (
      id                    uuid        primary key,
      user_id               uuid        not null references users on delete cascade,
      scope                 text        not null check (scope in ('own', 'all')),
      url                   text        not null,
      host                  text        not null,
      target_host           text        generated always as (
        regexp_replace(regexp_replace(host, ':[0-9]+$', ''), '[.]+$', '')) stored,
      events                text[]      not null,
      description           text        not null default '',
      secret_box            bytea       not null,
      previous_secret_box   bytea,
      previous_secret_until timestamptz,
      verified_at           timestamptz default now(),
      challenge_at          timestamptz,
      challenge_tries       int         not null default 0,
      challenge_error       text,
      disabled_at           timestamptz,
      disabled_why          text        check (disabled_why in ('owner', 'gone', 'failing', 'unverified')),
      failures              int         not null default 0,
      failing_since         timestamptz,
      fail_until            timestamptz,
      created_at            timestamptz not null default date_trunc('milliseconds', now()),
      updated_at            timestamptz not null default date_trunc('milliseconds', now())
    ) with (fillfactor = 80)`);
  await db.query(`
    comment on column webhooks.target_host is
      'the host without its port: hosts that differ in the port only are one host'`);
  await db.query(
    `comment on column webhooks.verified_at is 'when its URL answered the challenge; null: nothing is sent yet'`,
  );
  await db.query(
    `comment on column webhooks.challenge_at is 'when the next challenge is due, or the current one is given up'`,
  );
  await db.query(`comment on column webhooks.failures is 'in a row, since the last success'`);
  // More deliveries may wait for a webhook that is disabled than one statement can fail in its time.
  await db.query(
    `comment on column webhooks.fail_until is 'waiting deliveries that were created until then are failed; null: none is left'`,
  );
  await db.query(`create index webhooks_user_id_idx on webhooks (user_id)`);
  await db.query(`create index webhooks_challenge_at_idx on webhooks (challenge_at) where challenge_at is not null`);
  await db.query(`create index webhooks_fail_until_idx on webhooks (id) where fail_until is not null`);
  await db.query(`
    create table outbox_interests (
      webhook_id uuid not null references webhooks on delete cascade,
      type       text not null,
      user_id    uuid,
      constraint outbox_interests_pkey primary key (webhook_id, type)
    )`);
  await db.query(
    `comment on column outbox_interests.user_id is 'the user whose view of the events it receives; null: everything'`,
  );
  await db.query(`create index outbox_interests_type_idx on outbox_interests (type, user_id)`);
}

async function createDeliveries(db: QueryRunner): Promise<void> {
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
  await db.query(
    `comment on column webhook_events.data is 'as it was when it happened; null: rendered as it is now, the content has been deleted'`,
  );
  await db.query(`create index webhook_events_created_at_idx on webhook_events (created_at)`);
  await db.query(
    `create index webhook_events_message_id_idx on webhook_events (message_id) where message_id is not null`,
  );
  // The cleanup deletes large bodies after an hour. They are few among many: it finds them without reading the others.
  await db.query(`
    create index webhook_events_large_idx on webhook_events (created_at)
     where seq is not null and octet_length(data::text) > 20480`);
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
  await db.query(
    `comment on column webhook_deliveries.tries is 'attempts of the current schedule: a replay begins the schedule again'`,
  );
  await db.query(
    `comment on column webhook_deliveries.claims is 'added to the queue since the last attempt that was recorded'`,
  );
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
  await db.query(`
    create table webhook_attempts (
      delivery_id uuid        not null references webhook_deliveries on delete cascade,
      number      int         not null,
      at          timestamptz not null,
      duration_ms int         not null,
      status_code int,
      error       text,
      answer      text,
      is_private  boolean,
      constraint webhook_attempts_pkey primary key (delivery_id, number)
    )`);
  // The response of a receiver inside a private network is not for every user to read.
  await db.query(
    `comment on column webhook_attempts.is_private is 'whether the IP address it connected to was private; null: not recorded'`,
  );
}
