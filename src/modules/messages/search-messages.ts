import { Injectable } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import type { Actor } from '../../platform/http/actor.js';
import { DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor, type Page } from '../../platform/pagination/page.js';
import { eachInSteps, inTurns, type Steps } from '../../platform/process/in-turns.js';
import { SearchTerms } from '../../platform/text-search/search-terms.js';
import { snippetOf } from '../../platform/text-search/snippet.js';
import { Turns } from '../../platform/throttling/turns.js';
import { ParticipantsPolicy } from '../participants/participants.policy.js';
import { type MessageRow, presentMessage } from './message-presenter.js';
import {
  MessageSearchRepository,
  type SearchBounds,
  type SearchedConversation,
  type SearchedWords,
  type SearchPlace,
  type SearchView,
  type UnindexedRow,
} from './message-search.repository.js';
import type { MessageHitDto, SearchMessagesQuery } from './messages.dto.js';
import { TooManySearches } from './messages.errors.js';
import { type SearchWindow, searchWindows } from './search-windows.js';

/** Smaller than every id: those begin with the time they were made at. */
const FIRST_UUID = '00000000-0000-7000-8000-000000000000';
const LAST_UUID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** The last millisecond of the year 9999. */
const END_OF_TIME = 253_402_300_799_999;

/** Of one user in this process. */
const MOST_AT_ONCE = 2;
/** Of all users: those beyond half of the database connections wait so many at a time, and for so long. */
const WAITING_MAX = 100;
const WAIT_MS = 2000;
const RETRY_SECONDS = 2;
/** No further window is begun after that; a statement in one may take a second. */
const BUDGET_MS = 700;
/** Messages that the index does not hold yet and that one search reads, in all conversations together and in one. */
const UNINDEXED_MAX = 8000;
const UNINDEXED_MIN_EACH = 20;
const CHANGED_MAX = 2000;
/** The list of a beginning that more messages have is read slower than messages are looked at until a page is full. */
const COMMON_SHARE = 0.01;
/**
 * For each message it considers, the index looks into the list of each conversation: of so many conversations that costs
 * more than the rows of messages elsewhere, as long as there are at most so many of those for one of the searcher's own.
 */
const MANY_CONVERSATIONS = 32;
const MOST_ELSEWHERE = 4;
/** As many messages as have the rarest word a few dozen times are looked at first: that fills most pages. */
const FIRST_HITS = 60;
/** What is taken for the share of a word as long as there are no statistics. */
const UNKNOWN_SHARE = 0.01;

/** What one search asks for. */
interface Search {
  readonly terms: SearchTerms;
  readonly conversations: readonly SearchedConversation[];
  readonly bounds: SearchBounds;
  readonly limit: number;
}

/** Hits, the latest first, complete down to a millisecond (that one included). */
interface Found {
  readonly places: readonly SearchPlace[];
  readonly completeDownToMs: number;
}

/**
 * Searches the messages of the conversations the searcher takes part in now, the latest first. It reads the index in
 * windows of time going back, and what the index does not hold yet from the messages themselves, both at one moment of
 * the database: what was acknowledged is found at once. The work is bounded; where it does not reach the end, the page is
 * short and its cursor goes on from where it got to.
 */
@Injectable()
export class SearchMessages {
  private readonly running = new Map<string, number>();
  private readonly turns: Turns;

  constructor(
    private readonly repository: MessageSearchRepository,
    private readonly participants: ParticipantsPolicy,
    config: Config,
  ) {
    // However many users search, half of the connections are left to all other calls.
    const running = Math.max(1, Math.floor(config.databasePoolSize / 2));
    this.turns = new Turns({ running, waiting: WAITING_MAX, waitMs: WAIT_MS, retrySeconds: RETRY_SECONDS });
  }

  /** @throws ConversationNotFound, PermissionDenied, ValidationError, TooManySearches, ServiceUnavailable */
  async search(actor: Actor, query: SearchMessagesQuery): Promise<Page<MessageHitDto>> {
    if (query.conversation_id !== undefined) await this.participants.requireMember(actor, query.conversation_id);
    const [millis, id] =
      query.cursor === undefined ? [END_OF_TIME, LAST_UUID] : decodeCursor(query.cursor, ['millis', 'uuid']);
    const terms = SearchTerms.parse(query.q);
    if (terms.isEmpty) return { data: [], next_cursor: null, has_more: false };
    return this.inTurn(actor.userId, () =>
      this.repository.view((view) =>
        this.page(view, actor, query, terms, { created_ms: millis as number, id: id as string }),
      ),
    );
  }

  private async inTurn<T>(userId: string, work: () => Promise<T>): Promise<T> {
    const running = this.running.get(userId) ?? 0;
    if (running >= MOST_AT_ONCE) throw new TooManySearches(MOST_AT_ONCE);
    this.running.set(userId, running + 1);
    try {
      return await this.turns.run(work);
    } finally {
      const left = this.running.get(userId)! - 1;
      if (left === 0) this.running.delete(userId);
      else this.running.set(userId, left);
    }
  }

  private async page(
    view: SearchView,
    actor: Actor,
    query: SearchMessagesQuery,
    terms: SearchTerms,
    before: SearchPlace,
  ): Promise<Page<MessageHitDto>> {
    const { limit = DEFAULT_PAGE_SIZE, type, sender_id: senderId, from, to } = query;
    const conversations = await view.conversations(actor.userId, query.conversation_id);
    const bounds = { filter: { type, senderId, from, to }, before, sinceMs: 0 };
    const search: Search = { terms, conversations, bounds, limit };
    const unindexed = await this.findUnindexed(view, search);
    const found = await this.findIndexed(view, search, unindexed);
    const page = found.places.slice(0, limit);
    const rows = await view.messages(page.map((place) => place.id));
    const data = await inTurns(eachInSteps(page, ({ id }) => presentHit(rows.get(id)!, actor, terms)));
    const hasMore = found.places.length > limit || found.completeDownToMs > 0;
    const last = found.places.length > limit ? page.at(-1)! : { created_ms: found.completeDownToMs, id: FIRST_UUID };
    return { data, next_cursor: hasMore ? encodeCursor([last.created_ms, last.id]) : null, has_more: hasMore };
  }

  private async findUnindexed(view: SearchView, { terms, conversations, bounds }: Search): Promise<Found> {
    const ids = conversations.map((row) => row.conversation_id);
    const behind = conversations.filter(
      (row) => row.last_number > 0 && (row.indexed_from > 1 || row.last_number > row.indexed_to),
    );
    const each = Math.max(UNINDEXED_MIN_EACH, Math.floor(UNINDEXED_MAX / Math.max(1, behind.length)));
    const rows: UnindexedRow[] = await view.changed(ids, bounds, CHANGED_MAX);
    let completeDownToMs = rows.length < CHANGED_MAX ? 0 : rows.at(-1)!.created_ms + 1;
    if (behind.length > 0) {
      const { created_ms: ms, id } = bounds.before;
      const beforeMs = ms === END_OF_TIME ? undefined : id === FIRST_UUID ? ms : ms + 1;
      const { stretches, reachedMs } = await view.stretches(behind, beforeMs, each);
      completeDownToMs = Math.max(completeDownToMs, reachedMs);
      rows.push(...(await view.unindexed(stretches, { ...bounds, sinceMs: completeDownToMs })));
    }
    const read = rows.filter((row) => row.created_ms >= completeDownToMs);
    const found = await inTurns(eachInSteps(read, (row) => terms.findInSteps(row.content)));
    // Of an edited message in the unindexed part both ways may speak.
    const places = new Map(read.filter((_, at) => found[at]).map(({ id, created_ms }) => [id, { id, created_ms }]));
    return { places: [...places.values()], completeDownToMs };
  }

  /** Adds what the index has, as far down as what it does not have is known. */
  private async findIndexed(view: SearchView, search: Search, unindexed: Found): Promise<Found> {
    const { conversations, bounds, limit } = search;
    const begun = performance.now();
    const { words, wanted } = await this.plan(view, search);
    const ids = conversations.map((row) => row.conversation_id);
    const newestMs = Math.max(0, ...conversations.map((row) => row.newest_ms));
    const places = [...unindexed.places];
    const { completeDownToMs } = unindexed;
    let reachedMs: number | undefined;
    for (const window of ids.length === 0
      ? []
      : windowsOf(conversations, Math.min(bounds.before.created_ms, newestMs), wanted)) {
      const sinceMs = Math.max(window.sinceMs, completeDownToMs);
      const before = reachedMs === undefined ? bounds.before : { created_ms: reachedMs, id: FIRST_UUID };
      const asked = [ids, words, window.spans, { ...bounds, before, sinceMs }, limit + 1] as const;
      if (reachedMs === undefined) {
        places.push(...(await view.indexed(...asked)));
      } else {
        const more = performance.now() - begun > BUDGET_MS ? undefined : await view.indexedInTime(...asked);
        if (more === undefined) return { places: ordered(places, reachedMs), completeDownToMs: reachedMs };
        places.push(...more);
      }
      if (sinceMs === completeDownToMs || places.filter((place) => place.created_ms >= sinceMs).length > limit) break;
      reachedMs = sinceMs;
    }
    return { places: ordered(places, completeDownToMs), completeDownToMs };
  }

  /** How the index is asked, and how many messages of the searcher are to be looked at first. */
  private async plan(
    view: SearchView,
    { terms, conversations }: Search,
  ): Promise<{ words: SearchedWords; wanted: number }> {
    const all = terms.toTsquery({ withPrefixes: true })!;
    const asked = terms.words;
    const shares = await view.shares(asked);
    const rarest = Math.min(...(shares.length === 0 ? [UNKNOWN_SHARE] : shares));
    const isCommon = asked.some(({ isPrefix }, at) => isPrefix && (shares[at] ?? 0) > COMMON_SHARE);
    const indexed = isCommon ? terms.toTsquery({ withPrefixes: false }) : all;
    const rarestIndexed = Math.min(1, ...shares.filter((_, at) => !isCommon || !asked[at]!.isPrefix));
    const elsewhere = (rarestIndexed * (await view.size())) / messagesOf(conversations);
    const isAnywhere = conversations.length >= MANY_CONVERSATIONS && elsewhere <= MOST_ELSEWHERE;
    return { words: { all, indexed, isRare: rarest === 0, isAnywhere }, wanted: FIRST_HITS / rarest };
  }
}

function messagesOf(conversations: readonly SearchedConversation[]): number {
  return conversations.reduce((sum, { last_number: count }) => sum + count, 0);
}

function windowsOf(conversations: readonly SearchedConversation[], beforeMs: number, wanted: number): SearchWindow[] {
  const sinceMs = Math.min(...conversations.map((row) => row.created_ms));
  return searchWindows(messagesOf(conversations) / Math.max(1, beforeMs - sinceMs), beforeMs, wanted);
}

function ordered(places: readonly SearchPlace[], completeDownToMs: number): SearchPlace[] {
  return places
    .filter((place) => place.created_ms >= completeDownToMs)
    .sort((a, b) => b.created_ms - a.created_ms || (a.id < b.id ? 1 : -1));
}

function* presentHit(row: MessageRow, actor: Actor, terms: SearchTerms): Steps<MessageHitDto> {
  const { text, start, matches } = snippetOf(row.content, (yield* terms.findInSteps(row.content)) ?? []);
  return { ...presentMessage(row, actor.userId), highlight: text, highlight_start: start, matches: [...matches] };
}
