import type { Cluster } from './cluster.js';

/** Replaces a function of the database by an altered one during `work`. */
export async function withAlteredFunction<T>(
  cluster: Cluster,
  name: string,
  alter: (text: string) => string,
  work: () => Promise<T>,
): Promise<T> {
  const [found] = await cluster.query<{ text: string }>(`select pg_get_functiondef($1::regproc) as text`, [name]);
  const { text } = found!;
  const altered = alter(text);
  if (altered === text) throw new Error(`${name} does not hold what was to be altered`);
  await cluster.query(altered);
  try {
    return await work();
  } finally {
    await cluster.untilDatabaseAnswers();
    await cluster.query(text);
  }
}

/**
 * Removes a constraint or unique index of a table during `work`. Afterwards `mend` deletes the rows that violate it. No
 * request that is still running writes another such row before `restore`: both are one transaction under a lock.
 */
export async function without<T>(
  cluster: Cluster,
  { table, drop, mend, restore }: { table: string; drop: string; mend: string; restore: string },
  work: () => Promise<T>,
): Promise<T> {
  await cluster.query(drop);
  try {
    return await work();
  } finally {
    await cluster.query(`lock table ${table} in access exclusive mode; ${mend}; ${restore}`);
  }
}
