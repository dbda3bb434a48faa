import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who did what to whom by privilege, and why. Nothing in it is ever changed or taken away: a trigger refuses, whoever
 * asks. It refers to nothing, so that an entry outlives all it speaks of.
 */
export class CreateAuditLog1763700007000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
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
    await db.query(`
      create function refuse_audit_change() returns trigger
      language plpgsql
      as $$
      begin
        raise exception 'the audit log is only ever added to' using errcode = 'insufficient_privilege';
      end
      $$`);
    await db.query(`
      create trigger audit_log_immutable before update or delete or truncate on audit_log
        for each statement execute function refuse_audit_change()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table audit_log`);
    await db.query(`drop function refuse_audit_change()`);
  }
}
