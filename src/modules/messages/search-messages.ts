import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor, type Page } from '../../platform/pagination/page.js';
import { Semaphore } from '../../platform/concurrency/semaphore.js';
import { mapInSteps, runInTurns, type Steps } from '../../platform/concurrency/steps.js';
import { SearchTerms } from '../../platform/text-search/search-terms.js';
import { snippetOf } from '../../platform/text-search/snippet.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type MessageRow, presentMessage } from './message-presenter.js';
import {
  MessageSearchRepository,
  type SearchBounds,
  type SearchedConversation,
  type SearchedWords,
  type SearchPosition,
  type SearchSnapshot,
  type UnindexedRow,
} from './message-search.repository.js';
import type { SearchMessagesQuery } from './message-queries.dto.js';
import type { MessageHitDto } from './message-pages.dto.js';
import { TooManySearches } from './messages.errors.js';

/** Smaller than every id: ids begin with the time of their creation. */
const FIRST_UUID = '00000000-0000-7000-8000-000000000000';
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** The last millisecond of the year 9999. */
const END_OF_TIME = 253_402_300_799_999;

/** Concurrent searches of one user in this process. */
const USER_SEARCHES_MAX = 2;
/** Of all users: searches beyond half of the database connections wait, at most this many and this long. */
const WAITING_MAX = 100;
const WAIT_MS = 2000;
const RETRY_SECONDS = 2;
/** No further window is started after this time. One statement may take a second. */
const BUDGET_MS = 700;
/** Unindexed messages that one search reads at most: in all conversations together, and at least in each of them. */
const UNINDEXED_MAX = 8000;
const UNINDEXED_MIN_EACH = 20;
const CHANGED_MAX = 2000;
/**
 * If a larger share of messages matches a prefix, reading the posting list of the prefix is slower than checking
 * messages one by one until a page is full.
 */
const COMMON_SHARE = 0.01;
/**
 * The index checks the posting list of every conversation for each message that it considers. From this many
 * conversations on, that costs more than reading the matches in other conversations too, as long as there are at most
 * `FOREIGN_MATCHES_MAX` of them for each message of the searcher's own conversations.
 */
const MANY_CONVERSATIONS = 32;
const FOREIGN_MATCHES_MAX = 4;
/** The first window is as long as this many matches of the rarest word need: that fills most pages. */
const FIRST_HITS = 60;
/** The assumed share of a word as long as there are no statistics. */
const UNKNOWN_SHARE = 0.01;

/** The parameters of one search. */
interface Search {
  readonly terms: SearchTerms;
  readonly conversations: readonly SearchedConversation[];
  readonly bounds: SearchBounds;
  readonly limit: number;
}

/** Hits, newest first, complete down to a millisecond (inclusive). */
interface Found {
  readonly hits: readonly SearchPosition[];
  readonly completeDownToMs: number;
}

/**
 * Searches the messages of the conversations in which the searcher is a participant now, newest first. It reads the
 * index in time windows, going back, and reads unindexed messages from the table of messages. Both use one snapshot of
 * the database, so a message is found as soon as its send is acknowledged. The work is bounded: if it does not reach
 * the end, the page is short and its cursor continues where the search stopped.
 */
@Injectable()
export class SearchMessages {
  private readonly running = new Map<string, number>();
  private readonly slots: Semaphore;

  constructor(
    private readonly repository: MessageSearchRepository,
    private readonly participants: ParticipantsPolicy,
    config: Config,
  ) {
    // Searches use at most half of the connections; the others remain for all other calls.
    const running = Math.max(1, Math.floor(config.databasePoolSize / 2));
    this.slots = new Semaphore({ running, waiting: WAITING_MAX, waitMs: WAIT_MS, retrySeconds: RETRY_SECONDS });
  }

  /** @throws ConversationNotFound, PermissionDenied, ValidationError, TooManySearches, ServiceUnavailable */
  async search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    if (query.conversation_id !== undefined) await this.participants.requireMember(actor, query.conversation_id);
    const [millis, id] =
      query.cursor === undefined ? [END_OF_TIME, LAST_UUID] : decodeCursor(query.cursor, ['millis', 'uuid']);
    const terms = SearchTerms.parse(query.q);
    if (terms.hasNoRequiredTerm) return { data: [], next_cursor: null, has_more: false };
    return this.withSlot(actor.userId, () =>
      this.repository.inSnapshot((snapshot) =>
        this.page(snapshot, actor, query, terms, { created_ms: millis as number, id: id as string }),
      ),
    );
  }

  private async withSlot<T>(userId: string, work: () => Promise<T>): Promise<T> {
    const running = this.running.get(userId) ?? 0;
    if (running >= USER_SEARCHES_MAX) throw new TooManySearches(USER_SEARCHES_MAX);
    this.running.set(userId, running + 1);
    try {
      return await this.slots.run(work);
    } finally {
      const left = this.running.get(userId)! - 1;
      if (left === 0) this.running.delete(userId);
      else this.running.set(userId, left);
    }
  }

  private async page(
    snapshot: SearchSnapshot,
    actor: Actor,
    query: SearchMessagesQuery,
    terms: SearchTerms,
    before: SearchPosition,
  ): Promise<Page<MessageHitDto>> {
    const { limit = DEFAULT_PAGE_SIZE, type, sender_id: senderId, from, to } = query;
    const conversations = await snapshot.conversations(actor.userId, query.conversation_id);
    const bounds = { filter: { type, senderId, from, to }, before, sinceMs: 0 };
    const search: Search = { terms, conversations, bounds, limit };
    const unindexed = await this.findUnindexed(snapshot, search);
    const found = await this.findIndexed(snapshot, search, unindexed);
    const page = found.hits.slice(0, limit);
    const rows = await snapshot.messages(page.map((hit) => hit.id));
    const data = await runInTurns(mapInSteps(page, ({ id }) => presentHit(rows.get(id)!, actor, terms)));
    const hasMore = found.hits.length > limit || found.completeDownToMs > 0;
    const last = found.hits.length > limit ? page.at(-1)! : { created_ms: found.completeDownToMs, id: FIRST_UUID };
    return { data, next_cursor: hasMore ? encodeCursor([last.created_ms, last.id]) : null, has_more: hasMore };
  }

  private async findUnindexed(snapshot: SearchSnapshot, { terms, conversations, bounds }: Search): Promise<Found> {
    const ids = conversations.map((row) => row.conversation_id);
    const behind = conversations.filter(
      (row) => row.last_number > 0 && (row.indexed_from > 1 || row.last_number > row.indexed_to),
    );
    const each = Math.max(UNINDEXED_MIN_EACH, Math.floor(UNINDEXED_MAX / Math.max(1, behind.length)));
    const rows: UnindexedRow[] = await snapshot.changed(ids, bounds, CHANGED_MAX);
    let completeDownToMs = rows.length < CHANGED_MAX ? 0 : rows.at(-1)!.created_ms + 1;
    if (behind.length > 0) {
      const { created_ms: ms, id } = bounds.before;
      const beforeMs = ms === END_OF_TIME ? undefined : id === FIRST_UUID ? ms : ms + 1;
      const { ranges, reachedMs } = await snapshot.unindexedRanges(behind, beforeMs, each);
      completeDownToMs = Math.max(completeDownToMs, reachedMs);
      rows.push(...(await snapshot.unindexed(ranges, { ...bounds, sinceMs: completeDownToMs })));
    }
    const read = rows.filter((row) => row.created_ms >= completeDownToMs);
    const found = await runInTurns(mapInSteps(read, (row) => terms.findInSteps(row.content)));
    // An edited message in the unindexed part may be among both the changed and the unindexed rows.
    const hits = new Map(read.filter((_, at) => found[at]).map(({ id, created_ms }) => [id, { id, created_ms }]));
    return { hits: [...hits.values()], completeDownToMs };
  }

  /** Adds the hits of the index, down to the time to which the unindexed hits are complete. */
  private async findIndexed(snapshot: SearchSnapshot, search: Search, unindexed: Found): Promise<Found> {
    const { conversations, bounds, limit } = search;
    const startedAt = performance.now();
    const { words, wanted } = await this.plan(snapshot, search);
    const ids = conversations.map((row) => row.conversation_id);
    const newestMs = Math.max(0, ...conversations.map((row) => row.newest_ms));
    const hits = [...unindexed.hits];
    const { completeDownToMs } = unindexed;
    let reachedMs: number | undefined;
    for (const window of ids.length === 0
      ? []
      : windowsOf(conversations, Math.min(bounds.before.created_ms, newestMs), wanted)) {
      const sinceMs = Math.max(window.sinceMs, completeDownToMs);
      const before = reachedMs === undefined ? bounds.before : { created_ms: reachedMs, id: FIRST_UUID };
      const args = [ids, words, window.spans, { ...bounds, before, sinceMs }, limit + 1] as const;
      if (reachedMs === undefined) {
        hits.push(...(await snapshot.indexed(...args)));
      } else {
        const more = performance.now() - startedAt > BUDGET_MS ? undefined : await snapshot.indexedInTime(...args);
        if (more === undefined) return { hits: sortedHits(hits, reachedMs), completeDownToMs: reachedMs };
        hits.push(...more);
      }
      if (sinceMs === completeDownToMs || hits.filter((hit) => hit.created_ms >= sinceMs).length > limit) break;
      reachedMs = sinceMs;
    }
    return { hits: sortedHits(hits, completeDownToMs), completeDownToMs };
  }

  /** Decides how to query the index, and how many of the searcher's messages the first window should cover. */
  private async plan(
    snapshot: SearchSnapshot,
    { terms, conversations }: Search,
  ): Promise<{ words: SearchedWords; wanted: number }> {
    const all = terms.toTsquery({ withPrefixes: true })!;
    const words = terms.words;
    const shares = await snapshot.shares(words);
    const rarest = Math.min(...(shares.length === 0 ? [UNKNOWN_SHARE] : shares));
    const isCommon = words.some(({ isPrefix }, at) => isPrefix && (shares[at] ?? 0) > COMMON_SHARE);
    const indexed = isCommon ? terms.toTsquery({ withPrefixes: false }) : all;
    const rarestIndexed = Math.min(1, ...shares.filter((_, at) => !isCommon || !words[at]!.isPrefix));
    const foreignMatches = (rarestIndexed * (await snapshot.indexedCount())) / messagesOf(conversations);
    const isTimeOnly = conversations.length >= MANY_CONVERSATIONS && foreignMatches <= FOREIGN_MATCHES_MAX;
    return { words: { all, indexed, isRare: rarest === 0, isTimeOnly }, wanted: FIRST_HITS / rarest };
  }
}

function messagesOf(conversations: readonly SearchedConversation[]): number {
  return conversations.reduce((sum, { last_number: count }) => sum + count, 0);
}

function windowsOf(conversations: readonly SearchedConversation[], beforeMs: number, wanted: number): SearchWindow[] {
  const sinceMs = Math.min(...conversations.map((row) => row.created_ms));
  return searchWindows(messagesOf(conversations) / Math.max(1, beforeMs - sinceMs), beforeMs, wanted);
}

function sortedHits(hits: readonly SearchPosition[], completeDownToMs: number): SearchPosition[] {
  return hits
    .filter((hit) => hit.created_ms >= completeDownToMs)
    .sort((a, b) => b.created_ms - a.created_ms || (a.id < b.id ? 1 : -1));
}

function* presentHit(row: MessageRow, actor: Actor, terms: SearchTerms): Steps<MessageHitDto> {
  const { text, start, matches } = snippetOf(row.content, (yield* terms.findInSteps(row.content)) ?? []);
  return { ...presentMessage(row, actor.userId), highlight: text, highlight_start: start, matches: [...matches] };
}

/** The levels of `search_spans` in the database: a span is 2^shift milliseconds, from one second to 199 days. */
const SHIFTS = [10, 16, 22, 28, 34] as const;
/** The number of spans of one level in a window. Each window is eight times as long as the previous one. */
const SPANS = [4, 32] as const;

/** A range of time that is searched by one query, down to a millisecond (inclusive). */
interface SearchWindow {
  readonly sinceMs: number;
  /** Keys of `search_spans` that cover the window. */
  readonly spans: readonly number[];
}

/**
 * Windows that go back from `beforeMs`. Each contains the previous one; the last one goes back to 1970. The first is
 * the longest with at most `wanted` messages, at a constant rate of `perMs`; if `wanted` is infinite, there is one
 * window.
 */
function searchWindows(perMs: number, beforeMs: number, wanted: number): SearchWindow[] {
  const sizes = SHIFTS.flatMap((shift, level) => SPANS.map((spans) => ({ level, length: 2 ** shift, spans })));
  const first = sizes.findLastIndex(({ length, spans }) => perMs * length * spans <= wanted);
  const all = { level: SHIFTS.length - 1, length: 2 ** SHIFTS[4], spans: Infinity };
  const windows = Number.isFinite(wanted) ? sizes.slice(Math.max(0, first)) : [];
  return [...windows, all].map((size) => windowOf(size, beforeMs));
}

function windowOf(
  { level, length, spans }: { level: number; length: number; spans: number },
  beforeMs: number,
): SearchWindow {
  const last = Math.floor(beforeMs / length);
  const first = Math.max(0, last - spans + 1);
  const keys = Array.from({ length: last - first + 1 }, (_, at) => (first + at) * 8 + level);
  return { sinceMs: first * length, spans: keys };
}
