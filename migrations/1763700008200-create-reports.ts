import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people report, what became of it, and who was warned. */
export class CreateReports1763700008200 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
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

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table user_warnings, reports`);
  }
}
