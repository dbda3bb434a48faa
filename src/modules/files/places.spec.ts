import { Places } from './places.js';

describe('places', () => {
  const never = new AbortController().signal;

  it('go to the owner who has fewest, then to the one that has waited longest', async () => {
    const places = new Places(() => 3);
    const got: string[] = [];
    for (let i = 0; i < 3; i++) await places.take('greedy', never);
    const waiting = ['greedy', 'greedy', 'ann', 'bob', 'ann'].map((owner, at) =>
      places.take(owner, never).then(() => got.push(`${owner} ${at}`)),
    );
    for (const owner of ['greedy', 'greedy', 'greedy', 'ann', 'bob']) places.leave(owner);
    await Promise.all(waiting);
    expect(got).toEqual(['ann 2', 'bob 3', 'greedy 0', 'ann 4', 'greedy 1']);
  });

  it('go to the next when one gives up waiting', async () => {
    const places = new Places(() => 1);
    await places.take('greedy', never);
    const end = new AbortController();
    const first = places.take('ann', end.signal);
    const second = places.take('bob', never);
    end.abort();
    await expect(first).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    places.leave('greedy');
    await second;
    await expect(places.take('ann', end.signal)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
