import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { mapDatabaseOutage } from './database-errors.js';
import { ServiceUnavailable } from '../errors/app-error.js';
import { reasonOf, StartProblem } from '../process/explain-start.js';

const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2_000;
const TIMEOUT_MS = 60_000;
/** An attempt to connect without any reply ends after this time; a refused connection fails at once. */
const CONNECT_TIMEOUT_MS = 5000;
/** The interval between the first two log lines; each next interval is twice as long, up to the maximum. */
const FIRST_LOG_INTERVAL_MS = 5000;
const MAX_LOG_INTERVAL_MS = 30_000;

/**
 * Connects to a server that may still be starting: containers start in any order, and after a crash PostgreSQL refuses
 * connections until it has replayed its log. Other errors (a wrong password or name) are thrown at once.
 *
 * @throws StartProblem when the server does not accept connections within `timeoutMs`; the driver's error otherwise
 */
export function connectWhenReady(
  options: pg.ClientConfig & { connectionString: string },
  timeoutMs?: number,
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
  return whenReady(connect, new URL(options.connectionString).host, timeoutMs);
}

/**
 * Returns the result of `connect`, which is repeated while the server at `host` does not respond, even if this process
 * was too busy to read the response. The reason is logged at growing intervals, and the end of the wait.
 *
 * @throws StartProblem when the server does not respond within `timeoutMs`; the error of `connect` otherwise
 */
export async function whenReady<T>(connect: () => Promise<T>, host: string, timeoutMs = TIMEOUT_MS): Promise<T> {
  const logger = new Logger('Database');
  const begun = performance.now();
  let logIntervalMs = FIRST_LOG_INTERVAL_MS;
  let logAt = begun;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      const connected = await connect();
      if (logAt > begun) logger.log(`PostgreSQL at ${host} is available now`);
      return connected;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      const now = performance.now();
      if (now + pauseMs > begun + timeoutMs) {
        const advice = 'Check that PostgreSQL is running there and that DATABASE_URL is correct.';
        throw new StartProblem(`PostgreSQL at ${host} does not respond (${reasonOf(error)}). ${advice}`, {
          cause: error,
        });
      }
      if (now >= logAt) {
        const leftSeconds = Math.round((begun + timeoutMs - now) / 1000);
        logger.warn(`PostgreSQL at ${host} does not respond yet (${reasonOf(error)}), waiting up to ${leftSeconds} s`);
        logAt = now + logIntervalMs;
        logIntervalMs = Math.min(2 * logIntervalMs, MAX_LOG_INTERVAL_MS);
      }
      await delay(pauseMs);
    }
  }
}

/**
 * Whether a later attempt may succeed. In a container network, a host name or a route exists only once its container
 * runs.
 */
function isTemporary(error: unknown): boolean {
  if (mapDatabaseOutage(error) instanceof ServiceUnavailable) return true;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && /^(ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code)) return true;
  return typeof message === 'string' && message.includes('timeout expired'); // the driver's own error, which has no code
}
