import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { toAppError } from './database-errors.js';
import { ServiceUnavailable } from '../errors/app-error.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/**
 * A connection to a server that may still be starting: containers start in any order, and after a crash PostgreSQL
 * refuses everybody until it has read its log back. Whatever else is wrong (the password, the name) is wrong at once.
 * @throws Error of the last try, when it did not answer within `patienceMs`
 */
export function connectWhenReady(options: pg.ClientConfig, patienceMs?: number): Promise<pg.Client> {
  return whenReady(async () => {
    const client = new pg.Client(options);
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  }, patienceMs);
}

/**
 * What `connect` answers, tried again while the server does not answer: also when it was this process that was too busy
 * to hear it. @throws Error of the last try, when it did not answer within `patienceMs`
 */
export async function whenReady<T>(connect: () => Promise<T>, patienceMs = 60_000): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await connect();
    } catch (error) {
      const mayCome = toAppError(error) instanceof ServiceUnavailable || isNameUnknown(error);
      if (!mayCome || performance.now() + pauseMs > until) throw error;
      if (pauseMs === FIRST_PAUSE_MS) new Logger('Database').warn('the database does not answer yet, waiting for it');
      await delay(pauseMs);
    }
  }
}

/** In a network of containers a name exists only once its container runs. */
function isNameUnknown(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ENOTFOUND' || code === 'EAI_AGAIN';
}
