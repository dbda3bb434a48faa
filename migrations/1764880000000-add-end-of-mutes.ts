import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunction, dropFunctions } from '../src/platform/database/sql-functions.js';

/** Mutes of participants with an end and a reason, and bans of a conversation in the order of a list. */
export class AddEndOfMutes1764880000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table participants add column muted_until timestamptz, add column mute_reason text`);
    await db.query(`comment on column participants.muted_until is 'end of is_muted; null: none'`);
    await db.query(
      `create index conversation_bans_newest_idx on conversation_bans (conversation_id, banned_at, user_id)`,
    );
    await createFunction(db, 'modules/participants/sql/participant-is-muted.sql');
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'participant_is_muted(boolean, timestamptz)');
    await db.query(`drop index conversation_bans_newest_idx`);
    await db.query(`alter table participants drop column muted_until, drop column mute_reason`);
  }
}
