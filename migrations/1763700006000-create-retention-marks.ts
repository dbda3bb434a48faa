import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far retention has got, and how a module tells outsiders of what has no place in the log. */
export class CreateRetentionMarks1763700006000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table retention_marks (
        conversation_id uuid   primary key references conversations on delete cascade,
        last_number     bigint not null
      )`);
    await db.query(`comment on column retention_marks.last_number is 'no message up to here has anything left'`);
    await db.query(`
      create index conversations_retention_idx on conversations (id)
       where settings ->> 'message_retention_days' is not null and deleted_at is null`);
    await db.query(OUTBOX_WRITE);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function outbox_write(text, uuid, uuid, jsonb)`);
    await db.query(`drop index conversations_retention_idx`);
    await db.query(`drop table retention_marks`);
  }
}

/** For statements that change something and tell of it at once; in the caller's transaction, if anybody wants it. */
const OUTBOX_WRITE = `
create function outbox_write(event text, stream uuid, subject uuid, content jsonb) returns boolean
language plpgsql volatile
as $$
begin
  if not outbox_wants(event, stream) then return false; end if;
  insert into outbox (type, stream_id, subject_id, payload, at)
  values (event, stream, subject, content, date_trunc('milliseconds', clock_timestamp()));
  return true;
end
$$`;
