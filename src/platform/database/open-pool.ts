import pg from 'pg';
import type { RepeatedWarning } from '../logging/repeated-warning.js';

/**
 * Creates a pool whose connections may end at any moment, because PostgreSQL restarts or an operator ends them. `lost`
 * logs that. The pool itself listens to the errors of idle connections only, and an error without a listener ends the
 * process: one that arrives together with the end of the login or of a statement, or between the statements of a
 * library. So each connection has a listener from its beginning; the statement that uses the connection fails.
 */
export function openPool(options: pg.PoolConfig, lost: RepeatedWarning): pg.Pool {
  const pool = new pg.Pool(options);
  pool.on('error', (error) => lost.failed({ err: error }));
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    lost.worked();
  });
  return pool;
}
