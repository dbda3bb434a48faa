import { ServiceUnavailable } from '../errors/app-error.js';

/** So many may wait for one key; the next is told to try again instead of waiting for ever. */
const MAX_WAITING = 500;

/**
 * One at a time for one key, in the order of arrival. It keeps a hot stream from taking the whole connection pool:
 * the row lock in PostgreSQL stays the authority, this only decides who waits with a connection in hand (one per key).
 */
export class KeyedMutex {
  private readonly tails = new Map<string, { tail: Promise<void>; waiting: number }>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    if (before && before.waiting >= MAX_WAITING) throw new ServiceUnavailable();
    let release!: () => void;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    const entry = { tail: mine, waiting: (before?.waiting ?? 0) + 1 };
    this.tails.set(key, entry);
    await before?.tail;
    try {
      return await work();
    } finally {
      const newest = this.tails.get(key)!;
      if (newest === entry) this.tails.delete(key);
      else newest.waiting--;
      release();
    }
  }
}
