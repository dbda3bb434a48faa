import type { MigrationInterface, QueryRunner } from 'typeorm';
import { dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Participants of conversations and their marks, and the bans of conversations, which are read under the lock of the
 * conversation before a user is admitted.
 *
 * `joined_seq` and `left_seq` are positions in the stream of the conversation: membership is part of the ordered log.
 * The marks are message numbers.
 */
export class CreateParticipants1764700004000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table participants (
        conversation_id       uuid        not null references conversations on delete cascade,
        user_id               uuid        not null references users on delete cascade,
        role                  text        not null default 'participant' check (role in ('owner', 'admin', 'moderator', 'participant')),
        is_muted              boolean     not null default false,
        joined_at             timestamptz not null default now(),
        joined_seq            bigint      not null,
        left_at               timestamptz,
        left_seq              bigint,
        last_read_number      bigint      not null default 0,
        last_delivered_number bigint      not null default 0,
        marked_at             timestamptz not null default now(),
        last_sent_at          timestamptz,
        is_archived           boolean     not null default false,
        is_pinned             boolean     not null default false,
        is_silenced           boolean     not null default false,
        silenced_until        timestamptz,
        constraint participants_pkey primary key (conversation_id, user_id)
      ) with (fillfactor = 80)`);
    await db.query(`comment on column participants.is_muted is 'may not post; set by moderators'`);
    await db.query(
      `comment on column participants.is_silenced is 'wants no notifications; the is_muted of one''s own flags'`,
    );
    await db.query(`comment on column participants.last_sent_at is 'of the newest message; leaving does not reset it'`);
    await db.query(`create index participants_user_id_idx on participants (user_id, conversation_id)`);
    // The conversations that banned accounts own are found without reading all they participate in.
    await db.query(
      `create index participants_owners_idx on participants (user_id) where role = 'owner' and left_seq is null`,
    );
    await db.query(`
      create table conversation_receipts (
        conversation_id         uuid        primary key references conversations on delete cascade,
        read_by_all_number      bigint      not null default 0,
        delivered_to_all_number bigint      not null default 0,
        aggregated_at           timestamptz not null default now()
      ) with (fillfactor = 80)`);
    await db.query(`
      create table conversation_bans (
        conversation_id uuid        not null references conversations on delete cascade,
        user_id         uuid        not null references users on delete cascade,
        reason          text        not null,
        banned_by       uuid        not null,
        banned_at       timestamptz not null,
        banned_until    timestamptz,
        constraint conversation_bans_pkey primary key (conversation_id, user_id)
      )`);
    await db.query(`create index conversation_bans_user_id_idx on conversation_bans (user_id, banned_at)`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table conversation_bans, conversation_receipts, participants`);
    await dropFunctions(db, 'mark_participants(json)');
  }
}
