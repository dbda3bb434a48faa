import pg from 'pg';
import type { RepeatedWarning } from '../logging/repeated-warning.js';

/**
 * Creates a pool whose connections may end at any moment, because PostgreSQL restarts or an operator ends them.
 * `failures` logs that. The pool itself listens to the errors of idle connections only, and an error without a listener
 * ends the process: one that arrives together with the end of the login or of a statement, or between the statements of
 * a library. So each connection has a listener from its beginning; the statement that uses the connection fails.
 */
export function openPool(options: pg.PoolConfig, failures: RepeatedWarning): pg.Pool {
  const pool = new pg.Pool(options);
  pool.on('error', (error) => failures.failed({ err: error }));
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    failures.worked();
  });
  return pool;
}

const DEADLINE_MS = 2000;

/**
 * Closes a pool with `end` and waits until all its connections are closed. The promise of the pool itself resolves once
 * each connection was asked to close; a server that is stopped at that moment would break the connections still
 * closing.
 */
export async function closePool(pool: pg.Pool, end: () => Promise<void> = () => pool.end()): Promise<void> {
  let open = pool.totalCount;
  let timer: NodeJS.Timeout | undefined;
  const allClosed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DEADLINE_MS);
    if (open === 0) resolve();
    pool.on('remove', () => {
      open -= 1;
      if (open === 0) resolve();
    });
  });
  await end();
  await allClosed;
  clearTimeout(timer);
}
