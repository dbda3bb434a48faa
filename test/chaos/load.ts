import { setTimeout as sleep } from 'node:timers/promises';

/** Runs `work` repeatedly in each of the workers, side by side, until the time is over and each has finished. */
export async function during(
  seconds: number,
  workers: number,
  work: (worker: number, turn: number) => Promise<unknown>,
): Promise<void> {
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let turn = 0; performance.now() < until; turn++) await work(worker, turn);
    }),
  );
}

/** Waits until the condition is true, at most `ms`. Returns whether it became true. */
export async function within(ms: number, isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms;
  while (!(await isSo())) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}
