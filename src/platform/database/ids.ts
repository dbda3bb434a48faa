import { v7 } from 'uuid';

/** Returns a new UUIDv7: later ids sort later, so that new rows are added at the end of an index. */
export function newId(): string {
  return v7();
}
