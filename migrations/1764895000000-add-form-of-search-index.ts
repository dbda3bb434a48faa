import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * How each row of the search index was written, so that rows of older versions are found and written again. Messages
 * without a text but with files or a poll are indexed from now on: those that exist are noted as changed, and a deletion
 * that changes no text is noted too.
 */
export class AddFormOfSearchIndex1764895000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table message_search add column index_form text not null default ''`);
    await db.query(
      `comment on column message_search.index_form is 'the version of what is indexed, and the language; empty: before there were versions'`,
    );
    await db.query(`
      create trigger messages_note_deletion after update of deleted_at on messages
        for each row when (old.deleted_at is distinct from new.deleted_at and old.content = '')
        execute function note_message_change()`);
    await db.query(`
      insert into message_search_changes (conversation_id, message_id)
      select distinct m.conversation_id, m.id from message_attachments a join messages m on m.id = a.message_id
       where m.content = '' and m.deleted_at is null
          on conflict do nothing`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop trigger messages_note_deletion on messages`);
    await db.query(`alter table message_search drop column index_form`);
  }
}
