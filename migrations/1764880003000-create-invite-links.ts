import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Links by which users join a conversation. The SHA-256 of the code is stored, which is random: it needs no salt. */
export class CreateInviteLinks1764880003000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table invite_links (
        id              uuid        primary key,
        conversation_id uuid        not null references conversations on delete cascade,
        code_hash       bytea       not null,
        role            text        not null check (role in ('moderator', 'participant')),
        created_by      uuid        not null references users on delete cascade,
        created_at      timestamptz not null,
        expires_at      timestamptz,
        max_uses        int,
        use_count       int         not null default 0,
        constraint invite_links_code_key unique (code_hash)
      )`);
    await db.query(`create index invite_links_conversation_id_idx on invite_links (conversation_id, id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table invite_links`);
  }
}
