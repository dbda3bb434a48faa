import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunction, dropFunctions } from '../src/platform/database/sql-functions.js';

/** The audit log, deletions of accounts, content rules, held messages, reports, and the statistics of the dashboard. */
export class CreateAdmin1764700009000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await createAuditLog(db);
    await createAccountDeletions(db);
    await createContentRules(db);
    await createHeldMessages(db);
    await createReports(db);
    await createActivity(db);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      drop table activity_days, active_people, activity_hours, nodes, user_warnings, reports, held_messages,
                 content_rule_sets, content_rules, account_deletions, audit_log`);
    await db.query(`drop sequence content_rule_versions`);
    await dropFunctions(db, 'refuse_audit_change()');
  }
}

/**
 * Privileged actions: actor, target and reason. No entry is ever changed or deleted: a trigger refuses it for every
 * role. The table references no other, so that an entry outlives everything it names.
 */
async function createAuditLog(db: QueryRunner): Promise<void> {
  await db.query(`
    create table audit_log (
      id          uuid        primary key,
      at          timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      actor_id    uuid,
      actor_role  text,
      action      text        not null check (action ~ '^[a-z_]+\\.[a-z_]+$'),
      target_type text        not null,
      target_id   text,
      reason      text,
      before      jsonb,
      after       jsonb,
      request_id  text
    )`);
  await db.query(`create index audit_log_at_idx on audit_log (at, id)`);
  await db.query(`create index audit_log_actor_id_idx on audit_log (actor_id, at, id)`);
  await db.query(`create index audit_log_target_id_idx on audit_log (target_id, at, id)`);
  await db.query(`create index audit_log_action_idx on audit_log (action, at, id)`);
  await createFunction(db, 'modules/admin/audit/sql/refuse-audit-change.sql');
  await db.query(`
    create trigger audit_log_immutable before update or delete or truncate on audit_log
      for each statement execute function refuse_audit_change()`);
}

/** Accounts that were deleted, and whether everything that follows from it is done. */
async function createAccountDeletions(db: QueryRunner): Promise<void> {
  await db.query(`
    create table account_deletions (
      user_id      uuid        primary key references users on delete cascade,
      messages     text        not null check (messages in ('keep', 'anonymise', 'delete')),
      requested_at timestamptz not null,
      finished_at  timestamptz
    )`);
  await db.query(
    `create index account_deletions_unfinished_idx on account_deletions (requested_at) where finished_at is null`,
  );
}

/**
 * Word and link rules of the installation and of conversations.
 *
 * Every change of a scope gives its row of `content_rule_sets` a new version, under one advisory lock that is held
 * until the commit: versions become visible in their order, so that a process that reads what is newer than its own
 * version misses none.
 */
async function createContentRules(db: QueryRunner): Promise<void> {
  await db.query(`
    create table content_rules (
      id              uuid        primary key,
      conversation_id uuid        references conversations on delete cascade,
      kind            text        not null check (kind in ('word', 'link_deny', 'link_allow')),
      pattern         text        not null,
      pattern_key     text        not null,
      action          text        check (action in ('mask', 'hold', 'reject')),
      reason          text,
      created_by      uuid        not null,
      created_at      timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      constraint content_rules_allows_check check ((kind = 'link_allow') = (action is null)),
      constraint content_rules_pattern_key  unique nulls not distinct (conversation_id, kind, pattern_key)
    )`);
  await db.query(`create index content_rules_page_idx on content_rules (conversation_id, created_at desc, id desc)`);
  await db.query(`create sequence content_rule_versions`);
  await db.query(`
    create table content_rule_sets (
      scope_id uuid   primary key,
      version  bigint not null
    )`);
  await db.query(`comment on column content_rule_sets.scope_id is 'a conversation; all zeros for the installation'`);
  await db.query(`create index content_rule_sets_version_idx on content_rule_sets (version)`);
}

/** Sends that a content rule holds for review. */
async function createHeldMessages(db: QueryRunner): Promise<void> {
  await db.query(`
    create table held_messages (
      id                uuid        primary key,
      conversation_id   uuid        not null references conversations on delete cascade,
      sender_id         uuid        not null references users on delete cascade,
      client_message_id text,
      body_hash         text,
      send              jsonb       not null,
      queue             text        not null check (queue in ('installation', 'conversation')),
      rule_id           uuid        not null,
      status            text        not null default 'held' check (status in ('held', 'releasing', 'released', 'dropped')),
      held_at           timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      decided_at        timestamptz,
      decided_by        uuid,
      message_id        uuid
    )`);
  await db.query(`
    create unique index held_messages_client_message_id_key on held_messages (sender_id, client_message_id, conversation_id)
     where client_message_id is not null`);
  await db.query(`create index held_messages_queue_idx on held_messages (queue, status, held_at, id)`);
  await db.query(`create index held_messages_conversation_idx on held_messages (conversation_id, status, held_at, id)`);
}

/** Reports of users, their outcome, and the warnings that follow from them. */
async function createReports(db: QueryRunner): Promise<void> {
  await db.query(`
    create table reports (
      id              uuid        primary key,
      reporter_id     uuid        not null references users on delete cascade,
      target_type     text        not null check (target_type in ('message', 'user', 'conversation')),
      target_id       uuid        not null,
      conversation_id uuid,
      subject_id      uuid,
      category        text        not null,
      comment         text,
      status          text        not null default 'open' check (status in ('open', 'claimed', 'resolved')),
      claimed_by      uuid,
      claimed_at      timestamptz,
      resolved_by     uuid,
      resolved_at     timestamptz,
      outcome         text        check (outcome in ('dismissed', 'removed', 'warned', 'banned')),
      note            text,
      created_at      timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      constraint reports_resolved_check check ((status = 'resolved') = (outcome is not null)),
      constraint reports_claimed_check  check (status <> 'claimed' or claimed_by is not null)
    )`);
  await db.query(`comment on column reports.subject_id is 'the user it is about: the author, or the user reported'`);
  await db.query(`
    create unique index reports_open_key on reports (reporter_id, target_type, target_id) where status <> 'resolved'`);
  await db.query(`create index reports_queue_idx on reports (created_at, id) where status <> 'resolved'`);
  await db.query(`create index reports_page_idx on reports (status, created_at, id)`);
  await db.query(`create index reports_target_idx on reports (target_id, target_type)`);
  await db.query(`create index reports_subject_id_idx on reports (subject_id)`);
  await db.query(`
    create table user_warnings (
      id         uuid        primary key,
      user_id    uuid        not null references users on delete cascade,
      report_id  uuid        not null references reports on delete cascade,
      warned_by  uuid        not null,
      category   text        not null,
      message    text,
      created_at timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
      constraint user_warnings_report_id_key unique (report_id)
    )`);
  await db.query(`create index user_warnings_user_id_idx on user_warnings (user_id)`);
}

/**
 * The statistics of the dashboard, so that none is counted from messages or events: counts by hour, which each node
 * adds every ten seconds, and active users by day. The active users of three days are stored, one row per user and day
 * with a bit for each hour (UTC); of older days only their number.
 *
 * `nodes` contains the running processes with their current statistics. After a crash of the database it is empty until
 * they report again.
 */
async function createActivity(db: QueryRunner): Promise<void> {
  await db.query(`
    create unlogged table nodes (
      id         uuid        primary key,
      role       text        not null,
      version    text        not null,
      started_at timestamptz not null,
      seen_at    timestamptz not null default now(),
      figures    jsonb       not null
    ) with (fillfactor = 70)`);
  await db.query(`
    create table activity_hours (
      hour  timestamptz not null,
      name  text        not null,
      label text        not null default '',
      count bigint      not null,
      constraint activity_hours_pkey primary key (hour, name, label)
    ) with (fillfactor = 80)`);
  await db.query(`comment on column activity_hours.name is 'what was counted: messages, deliveries, limits …'`);
  await db.query(`
    create table active_people (
      day     date not null,
      user_id uuid not null,
      hours   int  not null,
      constraint active_people_pkey primary key (day, user_id)
    ) with (fillfactor = 80)`);
  await db.query(`comment on column active_people.hours is 'bit n: active in hour n of the day, UTC'`);
  await db.query(`
    create table activity_days (
      day    date   primary key,
      people bigint not null
    )`);
}
