import type { Range } from './search-terms.js';

/** A part of a text around its first match; the offsets of the matches count from the beginning of the snippet. */
export interface Snippet {
  readonly text: string;
  readonly start: number;
  readonly matches: readonly Range[];
}

const LENGTH = 240;
const BEFORE = 60;

/** Returns at most 240 code units, cut at a nearby blank if possible, never within a surrogate pair. */
export function snippetOf(text: string, found: readonly Range[]): Snippet {
  const first = found[0]?.start ?? 0;
  const start =
    text.length <= LENGTH ? 0 : startOf(text, Math.max(0, Math.min(first - BEFORE, text.length - LENGTH)), first);
  const end = endOf(text, Math.min(text.length, start + LENGTH));
  const matches = found
    .filter((range) => range.start < end)
    .map((range) => ({ start: range.start - start, end: Math.min(range.end, end) - start }));
  return { text: text.slice(start, end), start, matches };
}

function startOf(text: string, wanted: number, first: number): number {
  if (wanted === 0) return 0;
  const blank = text.slice(wanted, first).search(/\s/);
  const start = blank === -1 ? wanted : wanted + blank + 1;
  return isLowSurrogate(text, start) ? start + 1 : start;
}

function endOf(text: string, wanted: number): number {
  return isLowSurrogate(text, wanted) ? wanted - 1 : wanted;
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
