import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

const NOTE_EDIT = `create trigger messages_note_edit after update of content on messages for each row`;

/**
 * Messages whose text is still being written. The row of such a message has the text that participants see; what its
 * author has sent, and until when, is in a table of its own, so that other messages cost nothing for it. The search
 * index is not written again for a text that grows, but when it is complete.
 */
export class CreateStreamingMessages1795984568449 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column streaming text`);
    await db.query(
      `comment on column messages.streaming is 'open while the text is being written, then how that ended; null: sent as a whole'`,
    );
    await db.query(`
      create table streaming_messages (
        message_id      uuid        primary key references messages on delete cascade,
        conversation_id uuid        not null,
        sender_id       uuid        not null,
        content         text        not null default '',
        shown_length    int         not null default 0,
        is_withheld     boolean     not null default false,
        version         int         not null default 0,
        appended_at     timestamptz not null
      )`);
    await db.query(`create index streaming_messages_sender_id_idx on streaming_messages (sender_id, conversation_id)`);
    await db.query(
      `comment on column streaming_messages.shown_length is 'UTF-16 units of the content that participants see'`,
    );
    await db.query(`drop trigger messages_note_edit on messages`);
    await db.query(`
      ${NOTE_EDIT} when (new.streaming is distinct from 'open'
                       and (old.content is distinct from new.content or old.streaming is distinct from new.streaming))
        execute function note_message_change()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop trigger messages_note_edit on messages`);
    await db.query(
      `${NOTE_EDIT} when (old.content is distinct from new.content) execute function note_message_change()`,
    );
    await dropFunctions(db, 'open_streaming_messages(uuid[])');
    await db.query(`drop table streaming_messages`);
    await db.query(`alter table messages drop column streaming`);
  }
}
