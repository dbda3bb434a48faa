import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Threads: what the root of a thread shows of its replies, and the users who follow it. A row of a follower remains
 * after they stop following, so that a reply of another user does not make them follow again.
 */
export class CreateThreads1764840100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table threads (
        root_id           uuid        primary key references messages on delete cascade,
        conversation_id   uuid        not null,
        reply_count       int         not null default 0,
        last_reply_number bigint      not null default 0,
        last_reply_at     timestamptz,
        reply_user_ids    uuid[]      not null default '{}'
      ) with (fillfactor = 80)`);
    await db.query(`comment on column threads.reply_user_ids is 'the latest five users who replied, the latest first'`);
    await db.query(`
      create table thread_followers (
        root_id          uuid    not null references messages on delete cascade,
        user_id          uuid    not null references users on delete cascade,
        is_following     boolean not null default true,
        last_read_number bigint  not null,
        constraint thread_followers_pkey primary key (user_id, root_id)
      )`);
    await db.query(`create index thread_followers_root_id_idx on thread_followers (root_id)`);
    await db.query(`alter table message_mentions add column thread_root_id uuid`);
    await db.query(
      `comment on column message_mentions.thread_root_id is 'the thread of a reply that is only in the thread: read with the thread'`,
    );
    await db.query(
      `create index message_mentions_thread_idx on message_mentions (user_id) where thread_root_id is not null`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await dropFunctions(db, 'recount_threads(uuid[]), store_replies(uuid[])');
    await db.query(`alter table message_mentions drop column thread_root_id`);
    await db.query(`drop table thread_followers, threads`);
  }
}
