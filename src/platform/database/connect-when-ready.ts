import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { toAppError } from './database-errors.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { reasonOf } from '../process/explain-start.js';
import { StartProblem } from '../process/start-problem.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
const PATIENCE_MS = 60_000;
/** A connection that is refused says so at once; one that nothing answers is given up after this. */
const CONNECT_TIMEOUT_MS = 5000;
/** How long after the first line the next one follows; each gap is twice the one before, and at most the latter. */
const FIRST_SILENCE_MS = 5000;
const LONGEST_SILENCE_MS = 30_000;

/**
 * A connection to a server that may still be starting: containers start in any order, and after a crash PostgreSQL
 * refuses everybody until it has read its log back. Whatever else is wrong (the password, the name) is wrong at once.
 * @throws StartProblem when it did not answer within `patienceMs`; the error of the driver for everything else
 */
export function connectWhenReady(
  options: pg.ClientConfig & { connectionString: string },
  patienceMs?: number,
): Promise<pg.Client> {
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionTimeoutMillis: CONNECT_TIMEOUT_MS, ...options });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
  };
  return whenReady(connect, new URL(options.connectionString).host, patienceMs);
}

/**
 * What `connect` answers, tried again while the server at `host` does not answer: also when it was this process that
 * was too busy to hear it. The log has why, at growing intervals, and the end of it.
 * @throws StartProblem when it did not answer within `patienceMs`; the error of `connect` for everything else
 */
export async function whenReady<T>(connect: () => Promise<T>, host: string, patienceMs = PATIENCE_MS): Promise<T> {
  const logger = new Logger('Database');
  const begun = performance.now();
  let silenceMs = FIRST_SILENCE_MS;
  let sayAt = begun;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const connected = await connect();
      if (sayAt > begun) logger.log(`PostgreSQL at ${host} answers now`);
      return connected;
    } catch (error) {
      if (!mayCome(error)) throw error;
      const now = performance.now();
      if (now + pauseMs > begun + patienceMs) {
        const advice = 'See that PostgreSQL runs there and that DATABASE_URL names it.';
        throw new StartProblem(`PostgreSQL at ${host} does not answer (${reasonOf(error)}). ${advice}`, {
          cause: error,
        });
      }
      if (now >= sayAt) {
        const leftSeconds = Math.round((begun + patienceMs - now) / 1000);
        logger.warn(
          `PostgreSQL at ${host} does not answer yet (${reasonOf(error)}), waiting for it for ${leftSeconds} s`,
        );
        sayAt = now + silenceMs;
        silenceMs = Math.min(2 * silenceMs, LONGEST_SILENCE_MS);
      }
      await delay(pauseMs);
    }
  }
}

/** In a network of containers a name exists only once its container runs; a route may take as long. */
function mayCome(error: unknown): boolean {
  if (toAppError(error) instanceof ServiceUnavailable) return true;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code)) return true;
  return typeof message === 'string' && message.includes('timeout expired'); // the driver's own, without a code
}
