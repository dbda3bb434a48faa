import { v7 } from 'uuid';

/** A new id: a UUIDv7, so that ids made later sort later and new rows land at the end of an index. */
export function newId(): string {
  return v7();
}
