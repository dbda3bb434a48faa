/** How much to create; sizes of conversations differ as in real installations, with a few large ones. */
export interface LargeData {
  readonly messages: number;
  readonly users: number;
  readonly conversations: number;
}

type Run = (text: string, values?: unknown[]) => Promise<unknown>;

/** The id of a name: always the same, and a UUID in every digit. */
const LARGE_ID = `
  create function pg_temp.large_id(name text) returns uuid language sql immutable
    return overlay(overlay(md5(name) placing '4' from 13) placing '8' from 17)::uuid`;

/** `$1` users. */
const USERS = `
  insert into users (id, username, display_name, created_at)
  select pg_temp.large_id('user' || n), 'large' || n, 'Person ' || n, now() - (n % 365) * interval '1 day'
    from generate_series(1, $1::int) n`;

/** `$1` conversations, nine in ten of them groups. */
const CONVERSATIONS = `
  insert into conversations (id, type, title)
  select pg_temp.large_id('conversation' || n), case when n % 10 = 0 then 'room' else 'group' end, 'Place ' || n
    from generate_series(1, $1::int) n`;

/** Eight users in each of `$1` conversations, of `$2` users. */
const PARTICIPANTS = `
  insert into participants (conversation_id, user_id, joined_seq)
  select distinct pg_temp.large_id('conversation' || n), pg_temp.large_id('user' || 1 + (n * 7919 + k * 104729) % $2::int), 0
    from generate_series(1, $1::int) n, generate_series(1, 8) k`;

/** How many of `$1` messages each of `$2` conversations gets: in proportion to the rank to the power of -0.7. */
const SIZES = `
  create unlogged table large_sizes as
  with weight as (select n, power(n, -0.7) as share from generate_series(1, $2::int) n)
  select n, pg_temp.large_id('conversation' || n) as id, ceil($1::float8 * share / sum(share) over ())::int as size
    from weight`;

/** The messages of the conversations from `$1` to `$2`, of `$3` users, over the last thirty days. */
const MESSAGES = `
  with said as (
    select s.id as conversation_id, k as number, now() - interval '30 days' + interval '30 days' * k / (s.size + 1) as at,
           md5(s.n || ' ' || k) as hash, pg_temp.large_id('user' || 1 + (s.n * 7919 + (1 + k % 8) * 104729) % $3::int) as sender_id
      from large_sizes s, generate_series(1, s.size) k
     where s.n between $1 and $2
  ), stored as (
    insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
    select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 14, 3) || '8' || substr(hash, 18))::uuid,
           conversation_id, number, number, sender_id, 'text', 'Message ' || hash || ' with some words to it', at
      from said
    returning id, conversation_id, seq, sender_id, created_at
  )
  insert into events (stream_id, seq, type, actor_id, subject_id, at)
  select conversation_id, seq, 'message.created', sender_id, id, created_at from stored`;

const HEADS = `
  insert into stream_heads (stream_id, last_seq, last_number) select id, size, size from large_sizes`;

/** A file for every fiftieth of `$1` messages, of `$2` users. */
const FILES = `
  insert into files (id, uploader_id, name, type, category, size, content_hash, status)
  select pg_temp.large_id('file' || n), pg_temp.large_id('user' || 1 + n % $2::int), 'file' || n, 'image/png',
         (array['image', 'document', 'audio', 'video', 'archive'])[1 + n % 5], 1000 + n % 1000000, md5(n::text), 'ready'
    from generate_series(1, $1::int / 50) n`;

/** The reports of nodes of ninety days, and the active users of three, of `$1` users. */
const ACTIVITY = [
  `insert into activity_hours (hour, name, label, count)
   select h, name, '', 5000 from generate_series(date_trunc('hour', now() - interval '90 days'), now(), interval '1 hour') h,
          unnest(array['messages', 'deliveries', 'people', 'connections']) name`,
  `insert into activity_hours (hour, name, label, count)
   select h, 'limits', label, 10 from generate_series(date_trunc('hour', now() - interval '90 days'), now(), interval '1 hour') h,
          unnest(array['message.send', 'call', 'login', 'upload']) label`,
  `insert into activity_days (day, people) select d, 40000 from generate_series(current_date - 365, current_date, interval '1 day') d`,
];
const PEOPLE = `
  insert into active_people (day, user_id, hours)
  select current_date - d, pg_temp.large_id('user' || n), (n * 2654435761) % 16777216
    from generate_series(0, 2) d, generate_series(1, $1::int) n where n % 5 < 2`;

/**
 * Fills an empty, migrated database on the server itself, without sending rows: five million messages in a few minutes
 * and two and a half gigabytes. The search index is built later, by the program that runs on it.
 */
export async function fillLargeData(run: Run, { messages, users, conversations }: LargeData): Promise<void> {
  await run(`set synchronous_commit = off`);
  await run(LARGE_ID);
  await run(USERS, [users]);
  await run(CONVERSATIONS, [conversations]);
  await run(PARTICIPANTS, [conversations, users]);
  await run(SIZES, [messages, conversations]);
  const step = Math.max(1, Math.ceil(conversations / 50));
  for (let from = 1; from <= conversations; from += step) await run(MESSAGES, [from, from + step - 1, users]);
  await run(HEADS);
  await run(FILES, [messages, users]);
  for (const text of ACTIVITY) await run(text);
  await run(PEOPLE, [users]);
  await run('drop table large_sizes');
  await run('vacuum analyze');
}
