/** Runs the work for all, a number at the same time. */
export async function inGroups<T>(all: readonly T[], work: (one: T) => Promise<void>, atOnce = 32): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < all.length) await work(all[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, worker));
}
