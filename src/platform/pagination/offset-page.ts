import { ValidationError } from '../errors/app-error.js';

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
