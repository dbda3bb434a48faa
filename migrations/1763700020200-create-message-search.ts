import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What a search for messages reads: the folded words of each message, written by the indexer after the send. The send
 * itself computes nothing for the search any more.
 */
export class CreateMessageSearch1763700020200 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      create table message_search (
        message_id      uuid     primary key,
        conversation_id uuid     not null,
        created_ms      bigint   not null,
        words           tsvector not null
      ) with (autovacuum_analyze_scale_factor = 0.02)`);
    await db.query(`comment on column message_search.created_ms is 'messages.created_at in milliseconds since 1970'`);
    // How frequent a word is decides how it is searched: the statistics hold up to ten times as many words.
    await db.query(`alter table message_search alter column words set statistics 200`);
    await db.query(SEARCH_SPANS);
    await db.query(`
      create index message_search_words_idx on message_search
       using gin (words, (array[conversation_id]), search_spans(created_ms)) with (gin_pending_list_limit = 1024)`);
    await db.query(`
      create table message_search_progress (
        conversation_id uuid   primary key references conversations on delete cascade,
        indexed_from    bigint not null,
        indexed_to      bigint not null
      ) with (fillfactor = 80)`);
    await db.query(`comment on table message_search_progress is
      'messages with a sequence number in between, both included, are in message_search or in message_search_changes'`);
    await db.query(`
      create table message_search_changes (
        conversation_id uuid not null,
        message_id      uuid not null,
        constraint message_search_changes_pkey primary key (conversation_id, message_id)
      )`);
    await db.query(`comment on table message_search_changes is 'messages whose text has changed since it was indexed'`);
    await db.query(NOTE_MESSAGE_CHANGE);
    await db.query(`
      create trigger messages_note_edit after update of content on messages
        for each row when (old.content is distinct from new.content) execute function note_message_change()`);
    await db.query(`
      create trigger messages_note_removal after delete on messages
        for each row execute function note_message_change()`);
    await db.query(MESSAGE_NUMBER_AT);
    // Where there are messages, the old index serves the old version until all of them are in the new one.
    await db.query(`
      do $$ begin
        if not exists (select from messages) then drop index messages_search_idx; end if;
      end $$`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      create index if not exists messages_search_idx on messages using gin (to_tsvector('simple', content))
        with (fastupdate = on, gin_pending_list_limit = 65536)`);
    await db.query(`drop function message_number_at(uuid, bigint)`);
    await db.query(`drop trigger messages_note_edit on messages`);
    await db.query(`drop trigger messages_note_removal on messages`);
    await db.query(`drop function note_message_change()`);
    await db.query(`drop table message_search_changes, message_search_progress, message_search`);
    await db.query(`drop function search_spans(bigint)`);
  }
}

/**
 * The spans of time a millisecond lies in, from one second to 199 days, each 64 times as long as the one before. A
 * search goes back in time in growing windows and names a window by a few of these; `search-windows.ts` does the same
 * arithmetic.
 */
const SEARCH_SPANS = `
create function search_spans(ms bigint) returns bigint[]
language sql immutable parallel safe
as $$
  select array[(ms >> 10) * 8, (ms >> 16) * 8 + 1, (ms >> 22) * 8 + 2, (ms >> 28) * 8 + 3, (ms >> 34) * 8 + 4]
$$`;

/**
 * The note comes first and is locked even when it is there already: of an edit and the indexer one waits for the other,
 * so the indexer never takes a note away without having seen the text that it was written for.
 */
const NOTE_MESSAGE_CHANGE = `
create function note_message_change() returns trigger
language plpgsql
as $$
begin
  insert into message_search_changes (conversation_id, message_id) values (old.conversation_id, old.id)
      on conflict (conversation_id, message_id) do update set message_id = excluded.message_id;
  delete from message_search where message_id = old.id;
  return null;
end
$$`;

/**
 * The number of the first message of a conversation that was created at this time or later, by bisection: numbers grow
 * with time. One more than the newest number when there is none.
 */
const MESSAGE_NUMBER_AT = `
create function message_number_at(conversation uuid, ms bigint) returns bigint
language plpgsql stable parallel safe
as $$
declare
  low bigint := 1;
  high bigint := 1 + coalesce((select max(m.sequence_number) from messages m where m.conversation_id = conversation), 0);
  middle bigint;
  at timestamptz;
begin
  while low < high loop
    middle := (low + high) / 2;
    select m.created_at into at from messages m
     where m.conversation_id = conversation and m.sequence_number >= middle order by m.sequence_number limit 1;
    if at < to_timestamp(ms / 1000.0) then low := middle + 1; else high := middle; end if;
  end loop;
  return low;
end
$$`;
