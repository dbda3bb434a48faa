import { type SqlValue, type Statement, statement } from '../../../platform/database/sql.js';
import type { MessageFilter } from '../message-queries.repository.js';
import { IS_SEARCHABLE } from './searchable-message.js';

/** The time of a message `m` in milliseconds. */
export const MILLISECOND = `floor(extract(epoch from m.created_at) * 1000)::bigint`;

/** The position of a message among the hits: newest first; within a millisecond the largest id first. */
export interface SearchPosition {
  readonly created_ms: number;
  readonly id: string;
}

/** What a reader looks for. */
export interface SearchFilter extends MessageFilter {
  readonly readerId: string;
}

/** The filter, and the bounds of the page: messages before a position and since a millisecond (inclusive). */
export interface SearchBounds {
  readonly filter: SearchFilter;
  readonly before: SearchPosition;
  readonly sinceMs: number;
}

/** The conditions on a message `m`, with `boundValues` as the first parameters. */
export const MATCHES_FILTER = `${IS_SEARCHABLE}
  and ($1::bigint, $2::uuid) > (${MILLISECOND}, m.id) and ${MILLISECOND} >= $3
  and ($4::text is null or m.message_type = $4) and ($5::uuid is null or m.sender_id = $5)
  and ($6::timestamptz is null or m.created_at >= $6) and ($7::timestamptz is null or m.created_at <= $7)
  and is_in_audience(m.audience, m.sender_id, $8)
  and not exists (
    select from participants p where p.conversation_id = m.conversation_id and p.user_id = $8 and (
      m.sequence_number <= p.hidden_up_to_number
      or p.has_hidden_messages and exists (select from hidden_messages x where x.user_id = $8 and x.message_id = m.id)))`;

/** The values of `MATCHES_FILTER`. */
export function boundValues({ filter, before, sinceMs }: SearchBounds): (string | number | null)[] {
  const { type, senderId, from, to, readerId } = filter;
  return [before.created_ms, before.id, sinceMs, type ?? null, senderId ?? null, from ?? null, to ?? null, readerId];
}

/**
 * The inner select reads the index and sorts the matches of the window. The outer select checks messages in that order
 * and stops when the page is full.
 */
const hits = (byIndex: string): string => `
  select s.message_id as id, s.created_ms
    from (select s.message_id, s.created_ms from message_search s
           where ${byIndex}
             and s.created_ms >= $3 and (s.created_ms, s.message_id) < ($1, $2)
           order by s.created_ms desc, s.message_id desc offset 0) s
    join lateral (
      select from messages m
       where m.id = s.message_id and ${MATCHES_FILTER}
         and not exists (select from message_search_changes e
                          where e.conversation_id = m.conversation_id and e.message_id = m.id)
       limit 1) m on true
   order by s.created_ms desc, s.message_id desc limit $9`;

const IN_CONVERSATIONS = `array[s.conversation_id] && $10::uuid[] and search_spans(s.created_ms) && $11::bigint[]`;

const BY_WORDS = statement<SearchPosition>(
  'messages.search_by_words',
  hits(`s.words @@ $11::tsquery and s.conversation_id = any($10::uuid[])`),
);
const BY_WORDS_AND_CONVERSATION = statement<SearchPosition>(
  'messages.search_by_words_and_place',
  hits(`s.words @@ $13::tsquery and ${IN_CONVERSATIONS} and (s.words || '') @@ $12::tsquery`),
);
const BY_WORDS_AND_TIME = statement<SearchPosition>(
  'messages.search_by_words_and_time',
  hits(
    `s.words @@ $13::tsquery and search_spans(s.created_ms) && $11::bigint[] and s.conversation_id = any($10::uuid[])
       and (s.words || '') @@ $12::tsquery`,
  ),
);
const BY_TIME_ALONE = statement<SearchPosition>(
  'messages.search_by_time',
  hits(
    `search_spans(s.created_ms) && $11::bigint[] and s.conversation_id = any($10::uuid[]) and (s.words || '') @@ $12::tsquery`,
  ),
);
const BY_CONVERSATION_ALONE = statement<SearchPosition>(
  'messages.search_by_place',
  hits(`${IN_CONVERSATIONS} and (s.words || '') @@ $12::tsquery`),
);

/**
 * The words of a search. The index is queried for `indexed`, a part of `all`; for rare words it is queried for all of
 * them, without time and conversation.
 */
export interface SearchedWords {
  readonly all: string;
  readonly indexed: string | undefined;
  readonly isRare: boolean;
  /** Whether the index is queried by time only, and the rows that it finds are filtered by conversation. */
  readonly isTimeOnly: boolean;
}

/** The query of the newest hits of the index within these time spans, and its values. */
export function indexQuery(
  conversationIds: readonly string[],
  words: SearchedWords,
  spans: readonly number[],
  bounds: SearchBounds,
  limit: number,
): [Statement<SearchPosition>, SqlValue[]] {
  const values = [...boundValues(bounds), limit, conversationIds];
  if (words.isRare) return [BY_WORDS, [...values, words.all]];
  const { all, indexed, isTimeOnly } = words;
  if (indexed === undefined) {
    return [isTimeOnly ? BY_TIME_ALONE : BY_CONVERSATION_ALONE, [...values, spans, all]];
  }
  return [isTimeOnly ? BY_WORDS_AND_TIME : BY_WORDS_AND_CONVERSATION, [...values, spans, all, indexed]];
}
