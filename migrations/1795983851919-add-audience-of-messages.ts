import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Messages that only some participants see. Threads and participants have what reads need to know of them: that there may
 * be such replies, and when the participant was last sent one. All columns are null or false in existing rows.
 */
export class AddAudienceOfMessages1795983851919 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`alter table messages add column audience uuid[]`);
    await db.query(
      `comment on column messages.audience is 'who sees the message besides its sender; null: all participants, empty: no other user'`,
    );
    await db.query(`alter table threads add column has_limited_replies boolean not null default false`);
    await db.query(
      `comment on column threads.has_limited_replies is 'a reply may have an audience: last_reply_number counts it, reply_count does not'`,
    );
    await db.query(`alter table participants add column last_limited_at timestamptz`);
    await db.query(
      `comment on column participants.last_limited_at is 'time of the last message with an audience that the participant sees'`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, `is_in_audience(uuid[], uuid, uuid), store_limited_messages(uuid[])`);
    await db.query(`alter table participants drop column last_limited_at`);
    await db.query(`alter table threads drop column has_limited_replies`);
    await db.query(`alter table messages drop column audience`);
  }
}
