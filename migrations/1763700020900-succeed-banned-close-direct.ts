import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The owners of conversations by account, to find what banned accounts own without reading all they take part in. And
 * accounts deleted before this step are written to no longer: they block every user they have a direct conversation with,
 * as accounts deleted from now on do.
 */
export class SucceedBannedCloseDirect1763700020900 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(
      `create index participants_owners_idx on participants (user_id) where role = 'owner' and left_seq is null`,
    );
    await db.query(`
      insert into user_blocks (blocker_id, blocked_id)
      select own.user_id, other.user_id
        from users u
        join participants own on own.user_id = u.id
        join conversations c on c.id = own.conversation_id and c.type = 'direct'
        join participants other on other.conversation_id = own.conversation_id and other.user_id <> own.user_id
       where u.deleted_at is not null
          on conflict do nothing`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index participants_owners_idx`);
  }
}
