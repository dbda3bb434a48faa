/** The levels of `search_spans` in the database: a span is 2^shift milliseconds, from one second to 199 days. */
const SHIFTS = [10, 16, 22, 28, 34] as const;
/** So many spans of one level are a window: each window is eight times as long as the one before. */
const SPANS = [4, 32] as const;

/** A stretch of time that is searched at once, down to a millisecond that belongs to it. */
export interface SearchWindow {
  readonly sinceMs: number;
  /** Keys of `search_spans` that cover the window. */
  readonly spans: readonly number[];
}

/**
 * Windows that go back from `beforeMs`, each holding the one before, the last one down to 1970. The first is the
 * longest that has at most `wanted` messages, were there `perMs` of them at any time; with Infinity, all of the time.
 */
export function searchWindows(perMs: number, beforeMs: number, wanted: number): SearchWindow[] {
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
