import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may create conversations of a type: by default all users, and of the built-in broadcast moderators and admins. */
export class AddCreateRole1795982174524 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      alter table conversation_types
        add column create_role text not null default 'user' check (create_role in ('user', 'moderator', 'admin'))`);
    await db.query(`comment on column conversation_types.create_role is 'the lowest system role that may create one'`);
    await db.query(`update conversation_types set create_role = 'moderator' where name = 'broadcast'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`alter table conversation_types drop column create_role`);
  }
}
