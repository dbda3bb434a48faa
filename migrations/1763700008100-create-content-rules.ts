import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Word and link rules of the installation and of conversations, and the sends they hold for review.
 *
 * Every change of a scope gives its row of `content_rule_sets` a new version, under one advisory lock that is held until
 * the commit: so versions become visible in their order, and whoever asks for what is newer than he knows misses none.
 */
export class CreateContentRules1763700008100 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table content_rules (
        id              uuid        primary key,
        conversation_id uuid        references conversations on delete cascade,
        kind            text        not null check (kind in ('word', 'link_deny', 'link_allow')),
        pattern         text        not null,
        pattern_key     text        not null,
        action          text        check (action in ('mask', 'hold', 'reject')),
        reason          text,
        created_by      uuid        not null,
        created_at      timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
        constraint content_rules_allows_check check ((kind = 'link_allow') = (action is null)),
        constraint content_rules_pattern_key  unique nulls not distinct (conversation_id, kind, pattern_key)
      )`);
    await db.query(`create index content_rules_page_idx on content_rules (conversation_id, created_at desc, id desc)`);
    await db.query(`create sequence content_rule_versions`);
    await db.query(`
      create table content_rule_sets (
        scope_id uuid   primary key,
        version  bigint not null
      )`);
    await db.query(`comment on column content_rule_sets.scope_id is 'a conversation; all zeros for the installation'`);
    await db.query(`create index content_rule_sets_version_idx on content_rule_sets (version)`);
    await db.query(`
      create table held_messages (
        id                uuid        primary key,
        conversation_id   uuid        not null references conversations on delete cascade,
        sender_id         uuid        not null references users on delete cascade,
        client_message_id text,
        body_hash         text,
        send              jsonb       not null,
        queue             text        not null check (queue in ('installation', 'conversation')),
        rule_id           uuid        not null,
        status            text        not null default 'held' check (status in ('held', 'releasing', 'released', 'dropped')),
        held_at           timestamptz not null default date_trunc('milliseconds', clock_timestamp()),
        decided_at        timestamptz,
        decided_by        uuid,
        message_id        uuid
      )`);
    await db.query(`
      create unique index held_messages_client_message_id_key on held_messages (sender_id, client_message_id, conversation_id)
       where client_message_id is not null`);
    await db.query(`create index held_messages_queue_idx on held_messages (queue, status, held_at, id)`);
    await db.query(
      `create index held_messages_conversation_idx on held_messages (conversation_id, status, held_at, id)`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop table held_messages, content_rule_sets, content_rules`);
    await db.query(`drop sequence content_rule_versions`);
  }
}
