import type { SearchedConversation } from '../message-search.repository.js';

/** The levels of `search_spans` in the database: a span is 2^shift milliseconds, from one second to 199 days. */
const SHIFTS = [10, 16, 22, 28, 34] as const;
/** The number of spans of one level in a window. Each window is eight times as long as the previous one. */
const SPANS = [4, 32] as const;

/** A range of time that is searched by one query, down to a millisecond (inclusive). */
export interface SearchWindow {
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

/** The windows of a search before a time in these conversations; the first one has about `wanted` of their messages. */
export function windowsOf(
  conversations: readonly SearchedConversation[],
  beforeMs: number,
  wanted: number,
): SearchWindow[] {
  const sinceMs = Math.min(...conversations.map((row) => row.created_ms));
  return searchWindows(messagesOf(conversations) / Math.max(1, beforeMs - sinceMs), beforeMs, wanted);
}

/** The number of messages of these conversations. */
export function messagesOf(conversations: readonly SearchedConversation[]): number {
  return conversations.reduce((sum, { last_number: count }) => sum + count, 0);
}
