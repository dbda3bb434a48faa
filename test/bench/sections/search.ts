import { newId } from '../../../src/platform/database/ids.js';
import { runSync } from '../../../src/platform/concurrency/steps.js';
import { tsvectorInSteps } from '../../../src/platform/text-search/words.js';
import { indexFormOf } from '../../../src/modules/messages/message-indexer.js';
import { facetsOf, type SearchableMessage } from '../../../src/modules/messages/search/searchable-message.js';
import type { Bench } from '../bench.js';
import { Latencies } from '../latencies.js';
import type { Person, World } from '../world.js';

const CONVERSATIONS = 2000;
/** The conversations of the searching user; the first has two fifths of all messages. */
const OWN_CONVERSATIONS = 200;
const FIRST_SHARE = 0.4;
const VOCABULARY = 20_000;
const BATCH = 5000;
const YEAR_MS = 365 * 86_400_000;
const WARM_UP = 5;
const SEARCHES = 40;
/** Of a search over 5 million messages and 200 conversations. */
const P95_MOST_MS = 150;

/** The queries, by the number of messages that contain them. */
const QUERIES: readonly (readonly [string, string])[] = [
  ['rare word (50 messages)', 'unrepeated'],
  ['1 in 5,000', 'seldom'],
  ['1 in 100', 'usual'],
  ['every second message', 'always'],
  ['three words', 'always usual w7'],
  ['beginning of a rare word', 'unrepe'],
  ['beginning of most words', 'w'],
  ['six Chinese characters', '天地玄黄宇宙'],
  ['one Chinese character', '天'],
  ['nothing found', 'nowhereatall'],
  ['phrase of two common words', '"w0 always"'],
  ['all of one sender', 'from:me'],
  ['a word of one sender', 'from:me usual'],
  ['mentions', 'mentions:me'],
  ['a word in half a year', 'always before:2026-05-31'],
];
/** Its words are frequent but never adjacent: only the time limit bounds the search. */
const HOPELESS = '"always w0"';

/** Pages of 20 for a user in 200 of 2,000 conversations, one after the other, warm. */
export async function measureSearches(bench: Bench): Promise<void> {
  const { report, options, server, world } = bench;
  const count = options.messages.toLocaleString('en');
  report.begin(`Searches over ${count} messages, one at a time (ms)`);
  const [searcher] = await world.people(1);
  await fill(world, searcher!, options.messages);
  const all = new Latencies();
  const measured = [...QUERIES, ['phrase that no message contains', HOPELESS] as const];
  for (const [label, query] of measured) {
    const own = new Latencies();
    let hits = 0;
    for (let run = -WARM_UP; run < SEARCHES; run += 1) {
      const begun = performance.now();
      hits = await search(server.port, searcher!.token, query);
      const ms = performance.now() - begun;
      if (run < 0) continue;
      own.record(ms);
      if (query !== HOPELESS) all.record(ms);
    }
    const { p50, p95, max } = own.summary()!;
    report.add({ id: `search.${query}`, label, figures: { p50, p95, max, 'hits of the page': hits } });
  }
  const { p50, p95, max } = all.summary()!;
  report.add({
    id: 'search.all',
    label: 'all but the last',
    figures: { p50, p95, max },
    target: { figure: 'p95', most: P95_MOST_MS },
  });
}

async function search(port: number, token: string, query: string): Promise<number> {
  const address = `http://127.0.0.1:${port}/api/v1/search/messages?limit=20&q=${encodeURIComponent(query)}`;
  const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { data: unknown[] };
  if (!response.ok) throw new Error(`a search for ${query} was answered ${response.status} ${JSON.stringify(body)}`);
  return body.data.length;
}

/** Messages of a year in the order of time, indexed as the indexer does it; the index itself is built at the end. */
async function fill(world: World, searcher: Person, count: number): Promise<void> {
  const ids = await world.groups(
    Array.from({ length: CONVERSATIONS }, (_, n) => (n < OWN_CONVERSATIONS ? [searcher] : [])),
  );
  const [index] = await world.query<{ indexdef: string }>(
    `select indexdef from pg_indexes where indexname = 'message_search_words_idx'`,
  );
  await world.query('drop index message_search_words_idx');
  const random = mulberry32(1);
  const sizes = ids.map(() => 0);
  const begin = Date.now() - YEAR_MS;
  for (let first = 0; first < count; first += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, count - first) }, (_, at) => {
      const n = first + at;
      const place = placeOf(random);
      sizes[place]! += 1;
      return {
        place: ids[place]!,
        number: sizes[place]!,
        at: begin + Math.floor((YEAR_MS / count) * n),
        text: textOf(n, count, random),
      };
    });
    await world.query(INSERT, [
      rows.map(({ at }) => idAt(at)),
      rows.map(({ place }) => place),
      rows.map(({ number }) => number),
      rows.map(({ at }) => at),
      rows.map(({ text }) => text),
      rows.map(({ text }) => runSync(tsvectorInSteps(text, { facets: facetsOf(messageOf(text, searcher.id)) }))),
      searcher.id,
      indexFormOf('simple').name,
    ]);
    if (first % (BATCH * 20) === 0) process.stderr.write(`    ${first.toLocaleString('en')} messages\n`);
  }
  await world.query(
    `update stream_heads h set last_seq = n.size, last_number = n.size
       from unnest($1::uuid[], $2::bigint[]) n (id, size) where h.stream_id = n.id`,
    [ids, sizes],
  );
  await world.query(
    `insert into message_search_progress (conversation_id, indexed_from, indexed_to)
     select id, 1, size from unnest($1::uuid[], $2::bigint[]) n (id, size)
         on conflict (conversation_id) do update set indexed_from = 1, indexed_to = excluded.indexed_to`,
    [ids, sizes],
  );
  await world.query(`set maintenance_work_mem = '512MB'`);
  await world.query(index!.indexdef);
  await world.query('vacuum analyze messages, message_search, message_search_progress, participants, stream_heads');
  await world.settle();
}

const INSERT = `
  with given as (
    select * from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::text[], $6::text[]::tsvector[])
      g (id, place, number, ms, content, words)
  ), stored as (
    insert into messages (id, conversation_id, sequence_number, seq, sender_id, message_type, content, created_at)
    select id, place, number, number, $7::uuid, 'text', content, to_timestamp(ms / 1000.0) from given
  )
  insert into message_search (message_id, conversation_id, created_ms, words, index_form) select id, place, ms, words, $8 from given`;

/** Messages with the word seldom mention the searcher. */
function messageOf(content: string, senderId: string): SearchableMessage {
  const mentioned = content.includes('seldom') ? [senderId] : [];
  return {
    content,
    sender_id: senderId,
    mentioned,
    mention_scope: null,
    has_poll: false,
    other_text: null,
    has_location: null,
    has_contact: null,
    files: null,
  };
}

function placeOf(random: () => number): number {
  if (random() < FIRST_SHARE) return 0;
  return Math.floor(CONVERSATIONS * random() ** 2);
}

/** Eight to twelve words, a few of them frequent, and the words of the queries. */
function textOf(n: number, count: number, random: () => number): string {
  const words = Array.from(
    { length: 8 + Math.floor(random() * 5) },
    () => `w${Math.floor(VOCABULARY * random() ** 4)}`,
  );
  if (n % 2 === 0) words.push('always');
  if (n % 100 === 0) words.push('usual');
  if (n % 5000 === 0) words.push('seldom');
  if (n % Math.ceil(count / 50) === 0) words.push('unrepeated');
  if (n % 20 === 0) words.push(n % 1000 === 0 ? '天地玄黄宇宙' : chinese(random));
  return words.join(' ');
}

function chinese(random: () => number): string {
  return String.fromCodePoint(...Array.from({ length: 6 }, () => 0x4e00 + Math.floor(500 * random())));
}

/** A version 7 UUID of that time. */
function idAt(ms: number): string {
  return `${ms
    .toString(16)
    .padStart(12, '0')
    .replace(/^(.{8})/, '$1-')}${newId().slice(13)}`;
}

/** The same numbers in every run. Source: the public domain generator of that name. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
