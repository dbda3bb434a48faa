import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may not come into which conversation. Read under the lock of the conversation by whoever lets somebody in. */
export class CreateConversationBans1763700007100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table conversation_bans (
        conversation_id uuid        not null references conversations on delete cascade,
        user_id         uuid        not null references users on delete cascade,
        reason          text        not null,
        banned_by       uuid        not null,
        banned_at       timestamptz not null,
        banned_until    timestamptz,
        constraint conversation_bans_pkey primary key (conversation_id, user_id)
      )`);
    await db.query(`create index conversation_bans_user_id_idx on conversation_bans (user_id, banned_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table conversation_bans`);
  }
}
