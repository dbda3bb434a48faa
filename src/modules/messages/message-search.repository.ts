import { Injectable } from '@nestjs/common';
import { isStatementTimeout } from '../../platform/database/database-errors.js';
import { type Queryable, Sql, statement } from '../../platform/database/sql.js';
import { foldName } from '../../platform/text-search/fold.js';
import type { RequiredWord } from '../../platform/text-search/search-terms.js';
import { isUuid } from '../../platform/validation/fields.js';
import type { MessageRow } from './message-presenter.js';
import { MESSAGE_COLUMNS, MESSAGE_JOINS } from './messages.repository.js';
import type { SearchedName } from './search/search-operators.js';
import {
  boundValues,
  indexQuery,
  MATCHES_FILTER,
  MILLISECOND,
  type SearchBounds,
  type SearchedWords,
  type SearchPosition,
} from './search/index-query.js';
import { OTHER_TEXT, SEARCHABLE_COLUMNS, type SearchableMessage } from './search/searchable-message.js';

/**
 * A statement takes at most a second. A generic plan, made without the values, would read whole tables for rare words.
 */
const SETTINGS = statement<unknown>(
  'messages.search_settings',
  `select set_config('statement_timeout', '1000', true), set_config('plan_cache_mode', 'force_custom_plan', true),
          set_config('enable_seqscan', 'off', true)`,
);

// These cannot be prepared, so they are not declared as statements.
const SAVEPOINT = { name: 'messages.search_savepoint', text: 'savepoint before_window' };
const ROLLBACK_TO_SAVEPOINT = { name: 'messages.search_go_back', text: 'rollback to savepoint before_window' };

/** A conversation of the searcher, and the range of its indexed messages, both numbers inclusive. */
export interface SearchedConversation {
  readonly conversation_id: string;
  readonly indexed_from: number;
  readonly indexed_to: number;
  readonly last_number: number;
  readonly created_ms: number;
  /** The current time, or the time of the newest message if a clock was set back. */
  readonly newest_ms: number;
}

const SEARCHED_CONVERSATION = `c.id as conversation_id, coalesce(g.indexed_from, ${Number.MAX_SAFE_INTEGER}) as indexed_from,
          coalesce(g.indexed_to, ${Number.MAX_SAFE_INTEGER}) as indexed_to, h.last_number,
          floor(extract(epoch from c.created_at) * 1000)::bigint as created_ms,
          ceil(extract(epoch from greatest(h.last_number_at, now())) * 1000)::bigint as newest_ms`;

const CONVERSATIONS = statement<SearchedConversation>(
  'messages.search_conversations',
  `select ${SEARCHED_CONVERSATION}
     from participants p
     join conversations c on c.id = p.conversation_id and c.deleted_at is null
     join stream_heads h on h.stream_id = c.id
     left join message_search_progress g on g.conversation_id = c.id
    where p.user_id = $1 and p.left_seq is null and ($2::uuid is null or p.conversation_id = $2)
      and ($3::text[] is null or c.id::text = any($3) or c.slug = any($3) or c.external_id = any($4)
           or coalesce(c.folded_title, lower(c.title)) = any($5))`,
);

/** The backend of the host is a participant of no conversation, and may read each. */
const CONVERSATION = statement<SearchedConversation>(
  'messages.search_conversation',
  `select ${SEARCHED_CONVERSATION}
     from conversations c
     join stream_heads h on h.stream_id = c.id
     left join message_search_progress g on g.conversation_id = c.id
    where c.id = $1 and c.deleted_at is null`,
);

/** The users whom a query names: each by its user name, external id or id. */
const SENDERS = statement<{ name: string; id: string }>(
  'messages.search_senders',
  `select n.name, u.id
     from unnest($1::text[], $2::text[], $3::text[], $4::uuid[]) n (name, username, external_id, id)
    cross join lateral (select id from users where username = n.username
                         union all select id from users where external_id = n.external_id
                         union all select id from users where id = n.id
                         limit 1) u`,
);

/** A range of sequence numbers, both bounds exclusive. */
interface NumberRange {
  readonly conversation_id: string;
  readonly above: number;
  readonly below: number;
}

/** All messages with the millisecond of the last one of a range belong to it: a page ends between milliseconds. */
const UNINDEXED_RANGES = statement<NumberRange & { reached_ms: number | null }>(
  'messages.search_stretches',
  `with behind as (
     select b.*, case when $4::bigint is null then ${Number.MAX_SAFE_INTEGER}
                      else message_number_at(b.conversation_id, $4) end as below
       from unnest($1::uuid[], $2::bigint[], $3::bigint[]) b (conversation_id, indexed_from, indexed_to)
   ), stretch as (
     select conversation_id, indexed_to as above, below from behind where indexed_to < below
      union all
     select conversation_id, 0, least(indexed_from, below) from behind
   ), bounded as (
     select s.*, (select ${MILLISECOND} from messages m
                   where m.conversation_id = s.conversation_id and m.sequence_number > s.above and m.sequence_number < s.below
                   order by m.sequence_number desc offset $5 limit 1) as reached_ms
       from stretch s
   )
   select conversation_id, below, reached_ms,
          case when reached_ms is null then above
               else greatest(above, message_number_at(conversation_id, reached_ms) - 1) end as above
     from bounded`,
);

export type UnindexedRow = SearchPosition & SearchableMessage;

const UNINDEXED = statement<UnindexedRow>(
  'messages.search_unindexed',
  `select m.id, ${MILLISECOND} as created_ms, m.content, ${SEARCHABLE_COLUMNS}
     from unnest($9::uuid[], $10::bigint[], $11::bigint[]) s (conversation_id, above, below)
     join messages m on m.conversation_id = s.conversation_id and m.sequence_number > s.above and m.sequence_number < s.below
    where ${MATCHES_FILTER}`,
);

const CHANGED = statement<UnindexedRow>(
  'messages.search_changed',
  `select m.id, ${MILLISECOND} as created_ms, m.content, ${SEARCHABLE_COLUMNS}
     from message_search_changes e join messages m on m.id = e.message_id
    where e.conversation_id = any($9::uuid[]) and ${MATCHES_FILTER}
    order by 2 desc, m.id desc limit $10`,
);

/** The share of all messages that have a word of each group, from 0 to 1, by the table statistics; 0 for rare words. */
const SHARES = statement<{ share: number }>(
  'messages.search_shares',
  `select least(coalesce(sum(w.share), 0), 1)::float8 as share
     from pg_stats s
    cross join unnest($1::text[], $2::boolean[], $3::int[]) as q (word, is_prefix, word_group)
     left join lateral unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) w (word, share)
            on w.word = q.word or q.is_prefix and starts_with(w.word, q.word)
    where s.schemaname = current_schema() and s.tablename = 'message_search' and s.attname = 'words'
    group by q.word_group order by q.word_group`,
);

/** The number of indexed messages by the table statistics; infinity as long as there are none. */
const INDEXED_MESSAGES = statement<{ count: number }>(
  'messages.search_size',
  `select case when reltuples > 0 then reltuples else 'infinity' end::float8 as count from pg_class where oid = 'message_search'::regclass`,
);

const TEXTS = statement<{ id: string; content: string }>(
  'messages.search_texts',
  `select m.id, concat_ws(E'\\f', m.content, ${OTHER_TEXT}) as content from messages m where m.id = any($1::uuid[])`,
);

const HITS = statement<MessageRow>(
  'messages.search_hits',
  `select ${MESSAGE_COLUMNS}, reader.hidden_up_to_number
     from messages m ${MESSAGE_JOINS}
     left join participants reader on reader.conversation_id = m.conversation_id and reader.user_id = $2
    where m.id = any($1::uuid[])`,
);

/** All queries use one snapshot of the database, so a message that the indexer moves meanwhile is found once. */
export class SearchSnapshot {
  constructor(private readonly tx: Queryable) {}

  /** The conversations in which the user is a participant now: all, or those with one of these names. */
  conversations(
    userId: string,
    { id, names }: { id: string | undefined; names: readonly SearchedName[] },
  ): Promise<SearchedConversation[]> {
    const idsAndSlugs = names.length === 0 ? null : names.map(({ text }) => text.toLowerCase());
    const externalIds = names.flatMap(({ externalId }) => externalId ?? []);
    const titles = names.map(({ text }) => foldName(text));
    return this.tx.many(CONVERSATIONS, [userId, id ?? null, idsAndSlugs, externalIds, titles]);
  }

  /** A conversation, whether or not its reader is a participant. */
  conversation(id: string): Promise<SearchedConversation[]> {
    return this.tx.many(CONVERSATION, [id]);
  }

  /** The ids of users by the names that a query gives them. */
  async senders(names: readonly SearchedName[]): Promise<Map<string, string>> {
    if (names.length === 0) return new Map();
    const texts = names.map(({ text }) => text);
    const usernames = texts.map((text) => text.replace(/^@/, '').toLowerCase());
    const externalIds = names.map(({ externalId }) => externalId ?? null);
    const ids = texts.map((text) => (isUuid(text) ? text : null));
    const rows = await this.tx.many(SENDERS, [texts, usernames, externalIds, ids]);
    return new Map(rows.map(({ name, id }) => [name, id]));
  }

  /**
   * The newest unindexed ranges of each conversation before a time, at most `limit` messages each, and the time down to
   * which they are complete.
   */
  async unindexedRanges(behind: readonly SearchedConversation[], beforeMs: number | undefined, limit: number) {
    const values = [
      behind.map((row) => row.conversation_id),
      behind.map((row) => row.indexed_from),
      behind.map((row) => row.indexed_to),
    ];
    const ranges = await this.tx.many(UNINDEXED_RANGES, [...values, beforeMs, limit]);
    return { ranges, reachedMs: Math.max(0, ...ranges.map((range) => range.reached_ms ?? 0)) };
  }

  unindexed(ranges: readonly NumberRange[], bounds: SearchBounds): Promise<UnindexedRow[]> {
    const ids = ranges.map((range) => range.conversation_id);
    const numbers = [ranges.map(({ above }) => above), ranges.map(({ below }) => below)];
    return this.tx.many(UNINDEXED, [...boundValues(bounds), ids, ...numbers]);
  }

  /** The newest messages that were changed since they were indexed. */
  changed(conversationIds: readonly string[], bounds: SearchBounds, limit: number): Promise<UnindexedRow[]> {
    return this.tx.many(CHANGED, [...boundValues(bounds), conversationIds, limit]);
  }

  /** For each group of words the share of all messages that have one, from 0 to 1; empty without statistics. */
  async shares(words: readonly RequiredWord[]): Promise<number[]> {
    const values = [
      words.map(({ text }) => text),
      words.map(({ isPrefix }) => isPrefix),
      words.map(({ group }) => group),
    ];
    return (await this.tx.many(SHARES, values)).map(({ share }) => share);
  }

  /** The approximate number of indexed messages. */
  async indexedCount(): Promise<number> {
    return (await this.tx.one(INDEXED_MESSAGES))?.count ?? Infinity;
  }

  /** As `indexed`, but returns undefined if the query times out. The transaction stays usable. */
  async indexedInTime(...args: Parameters<SearchSnapshot['indexed']>): Promise<SearchPosition[] | undefined> {
    await this.tx.run(SAVEPOINT);
    try {
      return await this.indexed(...args);
    } catch (error) {
      if (!isStatementTimeout(error)) throw error;
      await this.tx.run(ROLLBACK_TO_SAVEPOINT);
      return undefined;
    }
  }

  /** The newest hits of the index within these time spans. */
  indexed(
    conversationIds: readonly string[],
    words: SearchedWords,
    spans: readonly number[],
    bounds: SearchBounds,
    limit: number,
  ): Promise<SearchPosition[]> {
    return this.tx.many(...indexQuery(conversationIds, words, spans, bounds, limit));
  }

  async texts(ids: readonly string[]): Promise<Map<string, string>> {
    const rows = ids.length === 0 ? [] : await this.tx.many(TEXTS, [ids]);
    return new Map(rows.map(({ id, content }) => [id, content]));
  }

  async messages(ids: readonly string[], readerId: string): Promise<Map<string, MessageRow>> {
    const rows = ids.length === 0 ? [] : await this.tx.many(HITS, [ids, readerId]);
    return new Map(rows.map((row) => [row.id, row]));
  }
}

/**
 * Owns nothing. Reads: messages, message_search, message_search_progress, message_search_changes, message_mentions,
 * message_attachments, hidden_messages, files, users, participants, conversations, stream_heads, and the tables of `MESSAGE_COLUMNS`.
 */
@Injectable()
export class MessageSearchRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws ServiceUnavailable when one of its statements takes more than a second */
  inSnapshot<T>(work: (snapshot: SearchSnapshot) => Promise<T>): Promise<T> {
    return this.sql.transaction(async (tx) => {
      await tx.run(SETTINGS);
      return work(new SearchSnapshot(tx));
    }, 'repeatable read read only');
  }
}
