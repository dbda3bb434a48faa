import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rooms by their creation, both ways. Lists go on after a millisecond, so no time may be finer. */
export class IndexRoomsByCreation1763700014300 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table conversations alter column created_at set default date_trunc('milliseconds', now())`);
    await db.query(`
      update conversations set created_at = date_trunc('milliseconds', created_at)
       where created_at <> date_trunc('milliseconds', created_at)`);
    await db.query(
      `create index conversations_rooms_idx on conversations (created_at, id) where type = 'room' and deleted_at is null`,
    );
    await db.query(`drop index conversations_public_idx`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(
      `create index conversations_public_idx on conversations (created_at desc, id) where type = 'room' and deleted_at is null`,
    );
    await db.query(`drop index conversations_rooms_idx`);
    await db.query(`alter table conversations alter column created_at set default now()`);
  }
}
