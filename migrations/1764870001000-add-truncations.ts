import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far moderators have truncated a conversation, and how far the background work has deleted its messages. */
export class AddTruncations1764870001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table truncations (
        conversation_id uuid   primary key references conversations on delete cascade,
        up_to_number    bigint not null,
        next_number     bigint not null
      )`);
    await db.query(`comment on column truncations.up_to_number is 'no participant sees a message up to this one'`);
    await db.query(`comment on column truncations.next_number is 'the first message that is not yet deleted'`);
    // What is left to be deleted is found without reading all conversations that were ever truncated.
    await db.query(
      `create index truncations_unfinished_idx on truncations (conversation_id) where next_number <= up_to_number`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table truncations`);
  }
}
