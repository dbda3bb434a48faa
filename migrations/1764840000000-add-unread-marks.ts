import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Mentions, the mark from which a participant has marked a conversation as unread, and the columns of messages that
 * decide what counts as unread. The columns have constant defaults, so that no table is rewritten.
 */
export class AddUnreadMarks1764840000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table participants add column unread_from_number bigint`);
    await db.query(
      `comment on column participants.unread_from_number is 'messages from here on count as unread again, though the read mark is above'`,
    );
    await db.query(`
      alter table messages
        add column mention_scope  text,
        add column thread_root_id uuid,
        add column is_thread_only boolean not null default false`);
    await db.query(
      `comment on column messages.mention_scope is 'all or here: whom the message mentions besides mentions'`,
    );
    await db.query(`comment on column messages.is_thread_only is 'a reply that is not listed in the conversation'`);
    await db.query(`
      create table message_mentions (
        message_id      uuid    not null references messages on delete cascade,
        user_id         uuid    not null references users on delete cascade,
        conversation_id uuid    not null,
        sequence_number bigint  not null,
        is_here         boolean not null default false,
        constraint message_mentions_pkey primary key (user_id, message_id)
      )`);
    await db.query(
      `comment on column message_mentions.is_here is 'mentioned by the scope here: edits do not change it'`,
    );
    await db.query(
      `create index message_mentions_number_idx on message_mentions (user_id, conversation_id, sequence_number)`,
    );
    await db.query(`create index message_mentions_message_id_idx on message_mentions (message_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(
      db,
      `read_state_after_mark(uuid, uuid), unread_messages(participants, bigint, jsonb),
       unread_mentions(participants, bigint), unread_system_messages(participants, bigint),
       own_messages_above(participants, bigint), store_mentions(uuid[])`,
    );
    await db.query(`drop table message_mentions`);
    await db.query(
      `alter table messages drop column mention_scope, drop column thread_root_id, drop column is_thread_only`,
    );
    await db.query(`alter table participants drop column unread_from_number`);
  }
}
