import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Messages that their authors have written to be sent later. */
export class CreateScheduledMessages1764890000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table scheduled_messages (
        id                uuid        constraint scheduled_messages_pkey primary key,
        conversation_id   uuid        not null references conversations on delete cascade,
        sender_id         uuid        not null references users on delete cascade,
        client_message_id text        not null,
        send              jsonb       not null,
        send_at           timestamptz not null,
        due_at            timestamptz,
        is_sending        boolean     not null default false,
        error             jsonb,
        created_at        timestamptz not null default now(),
        updated_at        timestamptz not null default now()
      )`);
    await db.query(`
      comment on column scheduled_messages.due_at is
        'When a worker may take it next; null once it has failed for good'`);
    await db.query(`
      create unique index scheduled_messages_client_message_id_key
          on scheduled_messages (sender_id, conversation_id, client_message_id)`);
    await db.query(
      `create index scheduled_messages_due_at_idx on scheduled_messages (due_at) where due_at is not null`,
    );
    await db.query(`create index scheduled_messages_conversation_id_idx on scheduled_messages (conversation_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table scheduled_messages`);
  }
}
