import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests of users to take part in private conversations. */
export class CreateJoinRequests1795978220147 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table join_requests (
        id              uuid        primary key,
        conversation_id uuid        not null references conversations on delete cascade,
        user_id         uuid        not null references users on delete cascade,
        message         text        not null,
        created_at      timestamptz not null,
        expires_at      timestamptz not null,
        constraint join_requests_user_key unique (conversation_id, user_id)
      )`);
    await db.query(`create index join_requests_conversation_id_idx on join_requests (conversation_id, id)`);
    await db.query(`create index join_requests_user_id_idx on join_requests (user_id, id)`);
    await db.query(`create index join_requests_expires_at_idx on join_requests (expires_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table join_requests`);
  }
}
