import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Deleted messages do not count as unread. The index holds tombstones alone: a send does not touch it, and a deletion
 * adds one entry.
 */
export class CountUnreadWithoutDeleted1763700020300 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create index messages_deleted_idx on messages (conversation_id, sequence_number) where deleted_at is not null`);
    await db.query(UNREAD_COUNT);
    await db.query(UNREAD_COUNT_AFTER_MARK);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop function unread_count_after_mark(uuid, bigint, bigint), unread_count(uuid, bigint, bigint)`);
    await db.query(`drop index messages_deleted_idx`);
  }
}

/**
 * How many messages above a mark are still there; 0 without a mark. What retention has emptied lies below one number of
 * the conversation and is not counted one by one.
 */
const UNREAD_COUNT = `
create function unread_count(conversation uuid, read_up_to bigint, newest bigint) returns bigint
language sql stable parallel safe
as $$
  select case when read_up_to < newest then (
           select newest - floor.number - (
                    select count(*) from messages m
                     where m.conversation_id = conversation and m.deleted_at is not null and m.sequence_number > floor.number)
             from (select greatest(read_up_to, least(newest, coalesce((
                            select r.last_number from retention_marks r where r.conversation_id = conversation), 0))) as number) floor)
         else 0 end
$$`;

/**
 * The same as of now instead of the beginning of the statement: for the statement that waits for the lock of the
 * conversation, so that a deletion committed meanwhile counts.
 */
const UNREAD_COUNT_AFTER_MARK = `
create function unread_count_after_mark(conversation uuid, read_up_to bigint, newest bigint) returns bigint
language plpgsql volatile
as $$
begin
  return unread_count(conversation, read_up_to, newest);
end
$$`;
