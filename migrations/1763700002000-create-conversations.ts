import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Conversations, who takes part in them, and how far each has read. A conversation's stream has the conversation's id.
 * `joined_seq` and `left_seq` are positions in that stream: membership is part of the ordered log.
 */
export class CreateConversations1763700002000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table conversations (
        id          uuid        primary key,
        type        text        not null check (type in ('direct', 'group', 'room')),
        title       text,
        description text        not null default '',
        slug        text,
        category    text,
        direct_key  text,
        created_by  uuid        references users,
        settings    jsonb       not null default '{}',
        created_at  timestamptz not null default now(),
        updated_at  timestamptz not null default now(),
        deleted_at  timestamptz,
        constraint conversations_slug_key       unique (slug),
        constraint conversations_direct_key_key unique (direct_key),
        constraint conversations_direct_check   check ((type = 'direct') = (direct_key is not null))
      )`);
    await db.query(`create index conversations_public_idx on conversations (created_at desc, id) where type = 'room' and deleted_at is null`);
    await db.query(`
      create table participants (
        conversation_id    uuid        not null references conversations on delete cascade,
        user_id            uuid        not null references users on delete cascade,
        role               text        not null default 'participant' check (role in ('owner', 'admin', 'moderator', 'participant')),
        is_muted           boolean     not null default false,
        joined_at          timestamptz not null default now(),
        joined_seq         bigint      not null,
        left_at            timestamptz,
        left_seq           bigint,
        last_read_seq      bigint      not null default 0,
        last_delivered_seq bigint      not null default 0,
        marked_at          timestamptz not null default now(),
        is_archived        boolean     not null default false,
        is_pinned          boolean     not null default false,
        is_silenced        boolean     not null default false,
        silenced_until     timestamptz,
        constraint participants_pkey primary key (conversation_id, user_id)
      ) with (fillfactor = 80)`);
    await db.query(`create index participants_user_id_idx on participants (user_id, conversation_id)`);
    await db.query(`comment on column participants.is_muted is 'may not post; set by moderators'`);
    await db.query(`comment on column participants.is_silenced is 'wants no notifications; the is_muted of one''s own flags'`);
    await db.query(`
      create table conversation_receipts (
        conversation_id       uuid        primary key references conversations on delete cascade,
        read_by_all_seq       bigint      not null default 0,
        delivered_to_all_seq  bigint      not null default 0,
        aggregated_at         timestamptz not null default now()
      ) with (fillfactor = 80)`);
    await db.query(`
      create unlogged table presence_leases (
        connection_id uuid        primary key,
        user_id       uuid        not null,
        node_id       uuid        not null,
        is_away       boolean     not null default false,
        expires_at    timestamptz not null
      )`);
    await db.query(`create index presence_leases_user_id_idx on presence_leases (user_id)`);
    await db.query(`
      create table presence_settings (
        user_id    uuid        primary key references users on delete cascade,
        status     text        not null default 'online' check (status in ('online', 'away', 'busy', 'offline')),
        custom     text,
        last_seen  timestamptz,
        updated_at timestamptz not null default now()
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table presence_settings, presence_leases, conversation_receipts, participants, conversations`);
  }
}
