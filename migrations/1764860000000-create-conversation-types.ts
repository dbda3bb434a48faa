import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFunction, dropFunctions } from '../src/platform/database/sql-functions.js';

/**
 * Conversation types: what the conversations of a type may do at most. A conversation without the name of a type has the
 * one with the name of its `type`.
 *
 * The participants of conversations that are created from now on are counted by triggers: counting 100,000 rows takes
 * 15 ms. Of older conversations the rows are counted.
 */
export class CreateConversationTypes1764860000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table conversation_types (
        name        text        primary key,
        type        text        not null check (type in ('direct', 'group', 'room')),
        description text        not null default '',
        settings    jsonb       not null default '{}',
        created_at  timestamptz not null default date_trunc('milliseconds', now()),
        updated_at  timestamptz not null default date_trunc('milliseconds', now())
      )`);
    await db.query(`comment on column conversation_types.settings is 'without settings that have their default'`);
    const switchedOff = ['typing', 'receipts', 'presence', 'member_events', 'reactions', 'threads', 'polls'];
    const broadcast = {
      send_role: 'moderator',
      invite_role: 'moderator',
      ...Object.fromEntries(switchedOff.map((feature) => [feature, false])),
      participants_max: 100_000,
    };
    await db.query(
      `insert into conversation_types (name, type, description, settings)
       values ('direct', 'direct', 'Two users', '{}'),
              ('group', 'group', 'Participants are added by others', '{}'),
              ('room', 'room', 'Has a name, and may be open to all users', '{}'),
              ('broadcast', 'room', 'Moderators write to up to 100,000 participants', $1)`,
      [JSON.stringify(broadcast)],
    );
    await db.query(`
      alter table conversations
        add column type_name text references conversation_types,
        add column counted_participants int`);
    await db.query(
      `comment on column conversations.type_name is 'null: the conversation type with the name of the type'`,
    );
    await db.query(`comment on column conversations.counted_participants is 'null: the rows are counted'`);
    await db.query(`create index conversations_type_name_idx on conversations (type_name) where type_name is not null`);
    await createFunction(db, 'modules/participants/sql/count-participants.sql');
    await db.query(`
      create trigger participants_count_added after insert on participants
        referencing new table as added for each statement execute function count_participants()`);
    await db.query(`
      create trigger participants_count_deleted after delete on participants
        referencing old table as deleted for each statement execute function count_participants()`);
    // A send updates other columns, so the trigger costs it nothing.
    await db.query(`
      create trigger participants_count_changed after update of left_seq on participants
        for each row when ((old.left_seq is null) <> (new.left_seq is null))
        execute function count_participants()`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`drop trigger participants_count_changed on participants`);
    await db.query(`drop trigger participants_count_deleted on participants`);
    await db.query(`drop trigger participants_count_added on participants`);
    await dropFunctions(
      db,
      'count_participants(), feature_is_off(text, jsonb, jsonb), role_rank(text), has_link(text)',
    );
    await db.query(`alter table conversations drop column counted_participants, drop column type_name`);
    await db.query(`drop table conversation_types`);
  }
}
