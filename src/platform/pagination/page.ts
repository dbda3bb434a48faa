import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidationError } from '../errors/app-error.js';
import { isUuid } from '../validation/fields.js';

export const DEFAULT_PAGE_SIZE = 50;

/** One page of a list; a client sends `next_cursor` back as `cursor` to read the next page. */
export interface Page<T> {
  readonly data: T[];
  readonly next_cursor: string | null;
  readonly has_more: boolean;
}

/** Builds a page from up to `limit + 1` rows; the extra row means that there are more. */
export function toPage<Row, T>(
  rows: Row[],
  limit: number,
  present: (row: Row) => T,
  cursorOf: (row: Row) => CursorParts,
): Page<T> {
  const included = rows.slice(0, limit);
  const hasMore = rows.length > limit;
  const last = included.at(-1);
  return {
    data: included.map(present),
    next_cursor: hasMore && last !== undefined ? encodeCursor(cursorOf(last)) : null,
    has_more: hasMore,
  };
}

/** The content of a cursor: the sort key of the last row of a page. It grants nothing: each request is authorized. */
export type CursorParts = readonly (string | number)[];

export function encodeCursor(parts: CursorParts): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The kind of a part of a cursor. `millis` is a time: epoch milliseconds up to the year 9999. */
export type CursorPartKind = 'word' | 'number' | 'millis' | 'uuid';

const NO_CURSOR = 'is not a cursor of this list';
const LAST_MILLIS = 253_402_300_799_999;

/**
 * Decodes a cursor; `kinds` are the kinds of its parts.
 *
 * @throws ValidationError if it is not a cursor of this list
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

/** Rejects a text that is not a cursor of any list. @throws ValidationError */
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

/** The greatest offset into a list. Clients that read further use cursors. */
export const OFFSET_MAX = 10_000;

/** A part of a list, selected by offset; `total` is the length of the whole list. */
export interface OffsetPage<T> {
  readonly data: T[];
  readonly total: number;
}

/** The beginning and the length of a part of a list. */
export interface OffsetRange {
  readonly offset: number;
  readonly limit: number;
}

/** Returns the range of a page number; the first page is 1. @throws ValidationError past `OFFSET_MAX` */
export function offsetRangeOfPage(page: number, limit: number): OffsetRange {
  const offset = (page - 1) * limit;
  if (offset > OFFSET_MAX) throw ValidationError.of('page', `must not lie past the first ${OFFSET_MAX} entries`);
  return { offset, limit };
}

/** The documented shape of a whole list: `class MessageListDto extends ListOf(MessageDto) {}`. */
export function ListOf<Item>(item: Type<Item>): Type<{ data: Item[] }> {
  class ListDto {
    @ApiProperty({ type: [item] })
    data: Item[];
  }
  return ListDto;
}

/** The documented shape of a `Page`: `class MessagePageDto extends PageOf(MessageDto) {}`. */
export function PageOf<Item>(item: Type<Item>): Type<Page<Item>> {
  class PageDto extends ListOf(item) {
    @ApiProperty({ type: String, nullable: true })
    next_cursor: string | null;

    @ApiProperty()
    has_more: boolean;
  }
  return PageDto;
}
