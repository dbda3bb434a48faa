import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Polls: the question with its options in the row of the message, and the votes. */
export class CreatePolls1764850002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column poll jsonb`);
    await db.query(`
      create table poll_votes (
        message_id uuid        not null references messages on delete cascade,
        option_id  text        not null,
        user_id    uuid        not null references users on delete cascade,
        voted_at   timestamptz not null,
        constraint poll_votes_pkey primary key (message_id, user_id, option_id)
      )`);
    await db.query(`create index poll_votes_user_id_idx on poll_votes (user_id, message_id)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table poll_votes`);
    await db.query(`alter table messages drop column poll`);
  }
}
