import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The order in which participants are listed: a page of 100,000 participants is read without sorting all of them. */
export class IndexParticipantsInOrder1764860001000 implements MigrationInterface {
  readonly transaction = false;

  async up(db: QueryRunner): Promise<void> {
    await db.query(`set lock_timeout = 0`);
    await db.query(`drop index concurrently if exists participants_order_idx`);
    await db.query(`
      create index concurrently participants_order_idx on participants
        (conversation_id, array_position(array['owner', 'admin', 'moderator', 'participant'], role), joined_at, user_id)
       where left_seq is null`);
    await db.query(`reset lock_timeout`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index participants_order_idx`);
  }
}
