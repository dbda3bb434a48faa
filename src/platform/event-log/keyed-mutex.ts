import { ServiceUnavailable } from '../errors/app-error.js';

/** Callers that may wait for one key. Further ones are rejected instead of waiting forever. */
const MAX_WAITING = 500;

/**
 * Runs one task at a time for each key, in the order of arrival. It prevents a busy stream from using the whole
 * connection pool. The row lock in PostgreSQL remains the authority; with the mutex only one caller per key waits for
 * it while using a connection.
 */
export class KeyedMutex {
  private readonly tails = new Map<string, { tail: Promise<void>; waiting: number }>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    if (before && before.waiting >= MAX_WAITING) throw new ServiceUnavailable();
    let release!: () => void;
    const own = new Promise<void>((resolve) => {
      release = resolve;
    });
    const entry = { tail: own, waiting: (before?.waiting ?? 0) + 1 };
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
