import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Which messages of a conversation a participant does not see: those up to a number (from before they joined, or
 * cleared by themselves), and single ones that they have deleted for themselves. The columns have constant defaults, so
 * that no table is rewritten.
 */
export class AddVisibleHistory1764870000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table participants
        add column hidden_up_to_number bigint  not null default 0,
        add column has_hidden_messages boolean not null default false,
        add column hidden_at_number    bigint`);
    await db.query(
      `comment on column participants.hidden_up_to_number is 'the participant sees no message up to this one; never moves back'`,
    );
    await db.query(
      `comment on column participants.has_hidden_messages is 'hidden_messages may have rows: reads look there only then'`,
    );
    await db.query(
      `comment on column participants.hidden_at_number is 'the conversation is not listed as long as it has no message above'`,
    );
    await db.query(`
      create table hidden_messages (
        user_id         uuid   not null references users on delete cascade,
        message_id      uuid   not null references messages on delete cascade,
        conversation_id uuid   not null,
        sequence_number bigint not null,
        constraint hidden_messages_pkey primary key (user_id, message_id)
      )`);
    await db.query(`comment on table hidden_messages is 'messages that users have deleted for themselves'`);
    await db.query(
      `create index hidden_messages_number_idx on hidden_messages (user_id, conversation_id, sequence_number)`,
    );
    await db.query(`create index hidden_messages_message_id_idx on hidden_messages (message_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(
      db,
      `hidden_unread_messages(participants, bigint, jsonb), hidden_unread_mentions(participants, bigint)`,
    );
    await db.query(`drop table hidden_messages`);
    await db.query(
      `alter table participants drop column hidden_up_to_number, drop column has_hidden_messages, drop column hidden_at_number`,
    );
  }
}
