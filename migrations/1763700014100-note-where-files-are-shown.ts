import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The upkeep looks at a file once while a message shows it: it notes the conversation, and the file is out of the index
 * of those to look at. What a message lets go of is put back there in the transaction that takes its attachment away;
 * the files of a deleted conversation are found by the note.
 */
export class NoteWhereFilesAreShown1763700014100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table files add column shown_in uuid`);
    await db.query(
      `comment on column files.shown_in is 'the conversation a message showed it in when the upkeep looked; null: to look at'`,
    );
    await db.query(
      `create index files_to_look_at_idx on files (uploaded_at) where shown_in is null and deleted_at is null`,
    );
    await db.query(`create index files_shown_in_idx on files (shown_in, id) where deleted_at is null`);
    await db.query(`create index conversations_deleted_idx on conversations (id) where deleted_at is not null`);
    await db.query(LET_GO);
    await db.query(`
      create trigger message_attachments_let_go after delete on message_attachments
      referencing old table as gone for each statement execute function let_go_of_files()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop trigger message_attachments_let_go on message_attachments`);
    await db.query(`drop function let_go_of_files()`);
    await db.query(`drop index conversations_deleted_idx`);
    await db.query(`alter table files drop column shown_in`);
  }
}

/**
 * Locks in id order, as `append_messages` does. Writes even where nothing is noted: the upkeep may be about to note
 * what it saw before, and this one has to come after it.
 */
const LET_GO = `
create function let_go_of_files() returns trigger
language plpgsql
as $$
begin
  perform from files where id in (select file_id from gone) order by id for no key update;
  update files set shown_in = null where id in (select file_id from gone);
  return null;
end
$$`;
