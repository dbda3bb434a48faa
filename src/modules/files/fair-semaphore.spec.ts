import { FairSemaphore } from './fair-semaphore.js';

describe('a fair semaphore', () => {
  const never = new AbortController().signal;

  it('admits the owner with the fewest slots, then the one that has waited longest', async () => {
    const semaphore = new FairSemaphore(() => 3);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) await semaphore.acquire('greedy', never);
    const waiting = ['greedy', 'greedy', 'ann', 'bob', 'ann'].map((owner, at) =>
      semaphore.acquire(owner, never).then(() => got.push(`${owner} ${at}`)),
    );
    for (const owner of ['greedy', 'greedy', 'greedy', 'ann', 'bob']) semaphore.release(owner);
    await Promise.all(waiting);
    expect(got).toEqual(['ann 2', 'bob 3', 'greedy 0', 'ann 4', 'greedy 1']);
  });

  it('admits the next owner when one stops waiting', async () => {
    const semaphore = new FairSemaphore(() => 1);
    await semaphore.acquire('greedy', never);
    const end = new AbortController();
    const first = semaphore.acquire('ann', end.signal);
    const second = semaphore.acquire('bob', never);
    end.abort();
    await expect(first).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    semaphore.release('greedy');
    await second;
    await expect(semaphore.acquire('ann', end.signal)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
