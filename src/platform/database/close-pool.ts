import type pg from 'pg';

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
