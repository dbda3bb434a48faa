import { ValidationError } from '../errors/app-error.js';
import { isUuid } from '../validation/fields.js';

export const DEFAULT_PAGE_SIZE = 50;

/** One page of a list; `next_cursor` is given back as `cursor` for the next one. */
export interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
  readonly has_more: boolean;
}

/** Makes a page out of one row more than was asked for: the extra one says whether there is more. */
export function toPage<Row, T>(
  rows: Row[],
  limit: number,
  show: (row: Row) => T,
  cursorOf: (row: Row) => CursorParts,
): Page<T> {
  const shown = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const last = shown.at(-1);
  return {
    data: shown.map(show),
    next_cursor: hasMore && last !== undefined ? encodeCursor(cursorOf(last)) : null,
    has_more: hasMore,
  };
}

/** What a cursor remembers: the sort key of the last row shown. It grants nothing: whoever uses it is asked again. */
export type CursorParts = readonly (string | number)[];

export function encodeCursor(parts: CursorParts): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** What a part of a cursor must be. `millis` is a time: epoch milliseconds up to the year 9999. */
export type CursorPartKind = 'word' | 'number' | 'millis' | 'uuid';

const NO_CURSOR = 'is not a cursor of this list';
const LAST_MILLIS = 253_402_300_799_999;

/**
 * Reads a cursor back; `kinds` says what it must hold.
 * @throws ValidationError when it is not one of ours
 */
export function decodeCursor(cursor: string, kinds: readonly CursorPartKind[]): CursorParts {
  const parts = parse(cursor);
  const fits =
    Array.isArray(parts) &&
    parts.length === kinds.length &&
    parts.every((part, index) => isOfKind(part, kinds[index]!));
  if (!fits) throw ValidationError.of('cursor', NO_CURSOR);
  return parts as (string | number)[];
}

/** Refuses what is no cursor of any list. @throws ValidationError */
export function requireCursor(cursor: string): void {
  if (!Array.isArray(parse(cursor))) throw ValidationError.of('cursor', NO_CURSOR);
}

function isOfKind(part: unknown, kind: CursorPartKind): boolean {
  switch (kind) {
    case 'word':
      return typeof part === 'string' && part.length <= 256 && part.isWellFormed();
    case 'uuid':
      return isUuid(part);
    case 'number':
      return Number.isSafeInteger(part);
    case 'millis':
      return Number.isSafeInteger(part) && (part as number) >= 0 && (part as number) <= LAST_MILLIS;
  }
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
