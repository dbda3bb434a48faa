import { RangeNotSatisfiable } from './files.errors.js';
import type { ByteRange } from './storage/file-storage.js';

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * Returns the range of a `Range` header; undefined for the whole file. A request for several ranges gets the whole
 * file, as HTTP allows: such requests only serve to cause work.
 * @throws RangeNotSatisfiable
 */
export function requestedRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, from = '', to = ''] = ONE_RANGE.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && from !== '' && Number(to) < start) return undefined;
  if (start >= size || (from === '' && Number(to) === 0)) throw new RangeNotSatisfiable(size);
  return { start, end };
}
