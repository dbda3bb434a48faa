import type pg from 'pg';

const DEADLINE_MS = 2000;

/**
 * Closes a pool with `end` and waits until every connection of it is gone. The pool's own promise is kept as soon as
 * each was told to go; a server that is stopped right then would tear down connections that are on their way out.
 */
export async function closePool(pool: pg.Pool, end: () => Promise<void> = () => pool.end()): Promise<void> {
  let open = pool.totalCount;
  let timer: NodeJS.Timeout | undefined;
  const gone = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DEADLINE_MS);
    if (open === 0) resolve();
    pool.on('remove', () => {
      open -= 1;
      if (open === 0) resolve();
    });
  });
  await end();
  await gone;
  clearTimeout(timer);
}
