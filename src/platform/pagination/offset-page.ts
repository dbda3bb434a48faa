import { ValidationError } from '../errors/app-error.js';

/** Deeper into a list nobody goes by counting; what keeps on paging uses cursors. */
export const OFFSET_MAX = 10_000;

/** A part of a list by its distance from the beginning; `total` is the length of the whole. */
export interface OffsetPage<T> {
  readonly data: T[];
  readonly total: number;
}

/** Where a slice begins, and how long it is. */
export interface OffsetRange {
  readonly offset: number;
  readonly limit: number;
}

/** The slice a page number means; the first page is 1. @throws ValidationError past `OFFSET_MAX` */
export function offsetRangeOfPage(page: number, limit: number): OffsetRange {
  const offset = (page - 1) * limit;
  if (offset > OFFSET_MAX) throw ValidationError.of('page', `must not lie past the first ${OFFSET_MAX} entries`);
  return { offset, limit };
}
