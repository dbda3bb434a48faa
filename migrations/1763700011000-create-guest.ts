import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The account that stands for everybody without one: it has no credential, so nobody logs in to it, and one session that
 * does not end, so that what a guest writes is judged like what anybody writes. Banning it shuts all guests out.
 */
export class CreateGuest1763700011000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      insert into users (id, username, display_name, folded_name)
      values ('00000000-0000-7000-8000-000000000001', 'guest', 'Guest', 'guest')`);
    await db.query(`insert into stream_heads (stream_id) values ('00000000-0000-7000-8000-000000000001')`);
    await db.query(`
      insert into sessions (id, user_id, user_agent, ip, expires_at)
      values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', '', '', '9999-12-31')`);
    await db.query(`
      create index conversations_public_rooms_idx on conversations (id)
       where type = 'room' and deleted_at is null and coalesce((settings ->> 'is_private')::boolean, false) = false`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop index conversations_public_rooms_idx`);
    await db.query(`delete from sessions where user_id = '00000000-0000-7000-8000-000000000001'`);
    await db.query(`delete from stream_heads where stream_id = '00000000-0000-7000-8000-000000000001'`);
    await db.query(`delete from users where id = '00000000-0000-7000-8000-000000000001'`);
  }
}
