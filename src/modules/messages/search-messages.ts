import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/identity/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor, type Page } from '../../platform/pagination/page.js';
import { Semaphore } from '../../platform/concurrency/semaphore.js';
import { mapInSteps, runInTurns } from '../../platform/concurrency/steps.js';
import { ValidationError } from '../../platform/errors/app-error.js';
import { SearchTerms } from '../../platform/text-search/search-terms.js';
import { type Stem, stemmerOf } from '../../platform/text-search/stem.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import {
  MessageSearchRepository,
  type SearchedConversation,
  type SearchSnapshot,
  type UnindexedRow,
} from './message-search.repository.js';
import type { MessageFilter } from './message-queries.repository.js';
import type { SearchMessagesQuery } from './message-queries.dto.js';
import type { SearchBounds, SearchedWords, SearchFilter, SearchPosition } from './search/index-query.js';
import { presentHits } from './search/present-hits.js';
import { readSearchQuery, type SearchQuery } from './search/search-operators.js';
import { messagesOf, windowsOf } from './search/search-windows.js';
import { facetsOf, facetTerms, textOf } from './search/searchable-message.js';
import { isServer } from '../users/system-user.constants.js';
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
/** The newest hits that a search by rank orders. */
const RANKED_MAX = 200;

/** The parameters of one search. */
interface Search {
  readonly terms: SearchTerms;
  readonly conversations: readonly SearchedConversation[];
  readonly bounds: SearchBounds;
  readonly limit: number;
}

/** A search whose page is not chosen yet. */
type Prepared = Omit<Search, 'bounds'> & { readonly filter: SearchFilter };

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
  private readonly stem: Stem;

  constructor(
    private readonly repository: MessageSearchRepository,
    private readonly participants: ParticipantsPolicy,
    config: Config,
  ) {
    // Searches use at most half of the connections; the others remain for all other calls.
    this.stem = stemmerOf(config.searchLanguage);
    const running = Math.max(1, Math.floor(config.databasePoolSize / 2));
    this.slots = new Semaphore({ running, waiting: WAITING_MAX, waitMs: WAIT_MS, retrySeconds: RETRY_SECONDS });
  }

  /** @throws ConversationNotFound, PermissionDenied, ValidationError, TooManySearches, ServiceUnavailable */
  async search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    if (query.conversation_id !== undefined) await this.participants.requireMember(actor, query.conversation_id);
    else if (isServer(actor)) throw ValidationError.of('conversation_id', 'is required unless the key acts as a user');
    const start = startOf(query);
    const read = readSearchQuery(query.q);
    return this.withSlot(actor.userId, () =>
      this.repository.inSnapshot(async (snapshot) => {
        const search = await this.prepare(snapshot, actor, query, read);
        if (search.terms.hasNoRequiredTerm) return { data: [], next_cursor: null, has_more: false };
        return query.sort === 'rank'
          ? this.rankedPage(snapshot, actor, search, start)
          : this.page(snapshot, actor, search, start.before);
      }),
    );
  }

  /** Finds the users and conversations that the query names. */
  private async prepare(
    snapshot: SearchSnapshot,
    actor: Actor,
    { conversation_id: id, limit = DEFAULT_PAGE_SIZE, type, sender_id: senderId, from, to }: SearchMessagesQuery,
    read: SearchQuery,
  ): Promise<Prepared> {
    const senders = await snapshot.senders(read.from.map(({ value }) => value));
    senders.set('me', actor.userId);
    const facets = facetTerms(read, actor.userId, senders);
    return {
      terms: SearchTerms.parse(read.text, { facets, stem: this.stem }),
      conversations: isServer(actor)
        ? await snapshot.conversation(id!)
        : await snapshot.conversations(actor.userId, { id, names: read.in }),
      filter: { readerId: actor.userId, type, senderId, ...within(read, from, to) },
      limit,
    };
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
    { filter, ...search }: Prepared,
    before: SearchPosition,
  ): Promise<Page<MessageHitDto>> {
    const { limit, terms } = search;
    const found = await this.find(snapshot, { ...search, bounds: { filter, before, sinceMs: 0 } });
    const page = found.hits.slice(0, limit);
    const data = await presentHits(snapshot, page, actor, terms);
    const hasMore = found.hits.length > limit || found.completeDownToMs > 0;
    const last = found.hits.length > limit ? page.at(-1)! : { created_ms: found.completeDownToMs, id: FIRST_UUID };
    return { data, next_cursor: hasMore ? encodeCursor([last.created_ms, last.id]) : null, has_more: hasMore };
  }

  /** A page of the newest hits, the best matches first. All pages rank the same hits: those before the first page. */
  private async rankedPage(
    snapshot: SearchSnapshot,
    actor: Actor,
    { filter, limit, ...search }: Prepared,
    { before, offset }: SearchStart,
  ): Promise<Page<MessageHitDto>> {
    const bounds = { filter, before, sinceMs: 0 };
    const found = await this.find(snapshot, { ...search, limit: RANKED_MAX, bounds });
    const newest = found.hits.slice(0, RANKED_MAX);
    const texts = await snapshot.texts(newest.map(({ id }) => id));
    const ranks = await runInTurns(mapInSteps(newest, ({ id }) => search.terms.rankInSteps(texts.get(id) ?? '')));
    const ranked = newest.map((hit, at) => ({ ...hit, rank: ranks[at]! })).sort((a, b) => b.rank - a.rank);
    const data = await presentHits(snapshot, ranked.slice(offset, offset + limit), actor, search.terms);
    const hasMore = ranked.length > offset + limit;
    const afterNewest = (newest[0]?.created_ms ?? 0) + 1;
    return {
      data,
      next_cursor: hasMore ? encodeCursor([afterNewest, FIRST_UUID, offset + limit]) : null,
      has_more: hasMore,
    };
  }

  private async find(snapshot: SearchSnapshot, search: Search): Promise<Found> {
    return this.findIndexed(snapshot, search, await this.findUnindexed(snapshot, search));
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
    const found = await runInTurns(mapInSteps(read, (row) => terms.findInSteps(textOf(row), facetsOf(row))));
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
    const isCommon = words.some(({ isPrefix, group }) => isPrefix && (shares[group] ?? 0) > COMMON_SHARE);
    const indexed = isCommon ? terms.toTsquery({ withPrefixes: false }) : all;
    const prefixes = new Set(isCommon ? words.filter(({ isPrefix }) => isPrefix).map(({ group }) => group) : []);
    const rarestIndexed = Math.min(1, ...shares.filter((_, group) => !prefixes.has(group)));
    const foreignMatches = (rarestIndexed * (await snapshot.indexedCount())) / messagesOf(conversations);
    const isTimeOnly = conversations.length >= MANY_CONVERSATIONS && foreignMatches <= FOREIGN_MATCHES_MAX;
    return { words: { all, indexed, isRare: rarest === 0, isTimeOnly }, wanted: FIRST_HITS / rarest };
  }
}

function sortedHits(hits: readonly SearchPosition[], completeDownToMs: number): SearchPosition[] {
  return hits
    .filter((hit) => hit.created_ms >= completeDownToMs)
    .sort((a, b) => b.created_ms - a.created_ms || (a.id < b.id ? 1 : -1));
}

/** Where the page of a query begins. `offset` counts the ranked hits of earlier pages. */
interface SearchStart {
  readonly before: SearchPosition;
  readonly offset: number;
}

/** @throws ValidationError */
function startOf({ cursor, sort }: SearchMessagesQuery): SearchStart {
  if (cursor === undefined) return { before: { created_ms: END_OF_TIME, id: LAST_UUID }, offset: 0 };
  const [millis, id, offset = 0] = decodeCursor(
    cursor,
    sort === 'rank' ? ['millis', 'uuid', 'number'] : ['millis', 'uuid'],
  );
  return { before: { created_ms: millis as number, id: id as string }, offset: offset as number };
}

/** The times of the parameters and of the operators of a query together. */
function within({ sinceMs, beforeMs }: SearchQuery, from?: string, to?: string): Pick<MessageFilter, 'from' | 'to'> {
  const since = sinceMs !== undefined && (from === undefined || sinceMs > Date.parse(from));
  const until = beforeMs !== undefined && (to === undefined || beforeMs <= Date.parse(to));
  return {
    from: since ? new Date(sinceMs).toISOString() : from,
    // The last microsecond before it: `to` is inclusive.
    to: until ? new Date(beforeMs - 1).toISOString().replace('Z', '999Z') : to,
  };
}
