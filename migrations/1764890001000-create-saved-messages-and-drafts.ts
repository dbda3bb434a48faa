import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What users keep for themselves: messages that they have saved, with a time for a reminder, and drafts. */
export class CreateSavedMessagesAndDrafts1764890001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table saved_messages (
        user_id         uuid        not null references users on delete cascade,
        message_id      uuid        not null references messages on delete cascade,
        conversation_id uuid        not null,
        saved_at        timestamptz not null,
        remind_at       timestamptz,
        reminded_at     timestamptz,
        constraint saved_messages_pkey primary key (user_id, message_id)
      )`);
    await db.query(
      `comment on column saved_messages.remind_at is 'When the user is to be reminded; null once they have been'`,
    );
    await db.query(`create index saved_messages_saved_at_idx on saved_messages (user_id, saved_at, message_id)`);
    await db.query(`create index saved_messages_message_id_idx on saved_messages (message_id)`);
    await db.query(
      `create index saved_messages_remind_at_idx on saved_messages (remind_at) where remind_at is not null`,
    );
    await db.query(`
      create table drafts (
        id              uuid        constraint drafts_pkey primary key,
        user_id         uuid        not null references users on delete cascade,
        conversation_id uuid        not null references conversations on delete cascade,
        thread_root_id  uuid,
        content         text        not null,
        reply_to_id     uuid,
        metadata        jsonb,
        updated_at      timestamptz not null,
        constraint drafts_place_key unique nulls not distinct (user_id, conversation_id, thread_root_id)
      )`);
    await db.query(`comment on column drafts.thread_root_id is 'The thread of the draft; null: the conversation'`);
    await db.query(`create index drafts_conversation_id_idx on drafts (conversation_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table drafts, saved_messages`);
  }
}
