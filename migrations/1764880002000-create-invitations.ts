import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Invitations to conversations, and the users whom others can only invite. */
export class CreateInvitations1764880002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table invitations (
        id              uuid        primary key,
        conversation_id uuid        not null references conversations on delete cascade,
        user_id         uuid        not null references users on delete cascade,
        invited_by      uuid        not null references users on delete cascade,
        created_at      timestamptz not null,
        expires_at      timestamptz not null,
        constraint invitations_user_key unique (conversation_id, user_id)
      )`);
    await db.query(`create index invitations_conversation_id_idx on invitations (conversation_id, id)`);
    await db.query(`create index invitations_user_id_idx on invitations (user_id, id)`);
    await db.query(`create index invitations_invited_by_idx on invitations (invited_by)`);
    await db.query(`
      create table invitation_settings (
        user_id uuid primary key references users on delete cascade
      )`);
    await db.query(`comment on table invitation_settings is 'users whom others can only invite'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table invitation_settings, invitations`);
  }
}
