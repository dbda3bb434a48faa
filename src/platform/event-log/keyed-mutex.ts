import { ServiceUnavailable } from '../errors/app-error.js';

/** Callers of one key at a time, the running one included. Further ones are rejected instead of waiting forever. */
const MAX_CALLERS = 500;

/**
 * Runs one task at a time for each key, in the order of arrival. It prevents a busy stream from using the whole
 * connection pool. The row lock in PostgreSQL remains the authority; with the mutex only one caller per key waits for
 * it while using a connection.
 */
export class KeyedMutex {
  private readonly tails = new Map<string, { tail: Promise<void>; callers: number }>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    if (before && before.callers >= MAX_CALLERS) throw new ServiceUnavailable();
    let release!: () => void;
    const own = new Promise<void>((resolve) => {
      release = resolve;
    });
    const entry = { tail: own, callers: (before?.callers ?? 0) + 1 };
    this.tails.set(key, entry);
    await before?.tail;
    try {
      return await work();
    } finally {
      const newest = this.tails.get(key)!;
      if (newest === entry) this.tails.delete(key);
      else newest.callers--;
      release();
    }
  }
}
