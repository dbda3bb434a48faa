import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the dashboard shows of the past, so that no figure is counted from messages or events: numbers by hour, as the
 * nodes report them every ten seconds, and people by day. Who was active is kept for three days, in one row a person
 * and day with a bit for each hour (UTC); after that only how many they were.
 *
 * `nodes` is who runs now, with its live figures. After a crash of the database it is empty until they report again.
 */
export class CreateActivity1763700009000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
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
        hour   timestamptz not null,
        name   text        not null,
        label  text        not null default '',
        count  bigint      not null,
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
    await db.query(`
      create table activity_days (
        day    date   primary key,
        people bigint not null
      )`);
    await db.query(`comment on column active_people.hours is 'bit n: active in hour n of the day, UTC'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table activity_days, active_people, activity_hours, nodes`);
  }
}
