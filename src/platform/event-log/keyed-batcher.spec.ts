import { ServiceUnavailable } from '../errors/app-error.js';
import { KeyedBatcher, type KeyedBatcherOptions } from './keyed-batcher.js';
import { KeyedMutex } from './keyed-mutex.js';

interface Item {
  readonly key: string;
  readonly value: number;
  readonly dedupKey?: string;
}

/** A batcher whose batches wait until the test finishes them. */
function makeBatcher(options: Partial<KeyedBatcherOptions<Item, number>> = {}) {
  const batches: { items: Item[]; finish: (error?: Error) => void }[] = [];
  const batcher = new KeyedBatcher<Item, number>({
    keyOf: (item) => item.key,
    dedupKeyOf: (item) => item.dedupKey,
    maxBatch: 8,
    maxBatchPerKey: 4,
    maxInFlight: 2,
    maxQueuedPerKey: 100,
    ...options,
    run: (items) =>
      new Promise((resolve, reject) => {
        batches.push({
          items,
          finish: (error) => (error ? reject(error) : resolve(items.map(({ value }) => value))),
        });
      }),
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { batcher, batches, turn };
}

describe('KeyedBatcher', () => {
  it('runs one batch of a key at a time, in order', async () => {
    const { batcher, batches, turn } = makeBatcher();
    const results = Promise.all([1, 2, 3, 4, 5, 6].map((value) => batcher.add({ key: 'a', value })));
    await turn();
    expect(batches.map(({ items }) => items.map(({ value }) => value))).toEqual([[1, 2, 3, 4]]);
    batches[0]!.finish();
    await turn();
    expect(batches[1]!.items.map(({ value }) => value)).toEqual([5, 6]);
    batches[1]!.finish();
    expect(await results).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('runs batches of different keys side by side, up to the limit', async () => {
    const { batcher, batches, turn } = makeBatcher();
    void batcher.add({ key: 'a', value: 1 });
    await turn();
    void batcher.add({ key: 'b', value: 2 });
    await turn();
    void batcher.add({ key: 'c', value: 3 });
    void batcher.add({ key: 'd', value: 4 });
    await turn();
    expect(batches.map(({ items }) => items.map(({ key }) => key))).toEqual([['a'], ['b']]);
    batches[0]!.finish();
    await turn();
    expect(batches[2]!.items.map(({ key }) => key)).toEqual(['c', 'd']);
  });

  it('never puts the same dedup key into a batch twice', async () => {
    const { batcher, batches, turn } = makeBatcher();
    void batcher.add({ key: 'a', value: 1, dedupKey: 'x' });
    void batcher.add({ key: 'a', value: 2, dedupKey: 'x' });
    void batcher.add({ key: 'a', value: 3 });
    await turn();
    expect(batches[0]!.items.map(({ value }) => value)).toEqual([1]);
    batches[0]!.finish();
    await turn();
    expect(batches[1]!.items.map(({ value }) => value)).toEqual([2, 3]);
  });

  it('retries a failed batch item by item, so that one bad item fails alone', async () => {
    const attempts: number[][] = [];
    const batcher = new KeyedBatcher<Item, number>({
      keyOf: (item) => item.key,
      maxBatch: 8,
      maxBatchPerKey: 8,
      maxInFlight: 1,
      maxQueuedPerKey: 100,
      run: async (items) => {
        attempts.push(items.map(({ value }) => value));
        if (items.some(({ value }) => value === 2)) throw new Error('bad item');
        return items.map(({ value }) => value);
      },
    });
    const outcomes = await Promise.allSettled([1, 2, 3].map((value) => batcher.add({ key: 'a', value })));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(attempts).toEqual([[1, 2, 3], [1], [2], [3]]);
  });

  it('does not retry when the store is unavailable, because the outcome is unknown', async () => {
    const { batcher, batches, turn } = makeBatcher();
    const outcomes = Promise.allSettled([1, 2].map((value) => batcher.add({ key: 'a', value })));
    await turn();
    batches[0]!.finish(new ServiceUnavailable());
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(batches).toHaveLength(1);
  });

  it('rejects further items of a key with too many, and of no other key', async () => {
    const { batcher, batches, turn } = makeBatcher({ maxQueuedPerKey: 2 });
    void batcher.add({ key: 'a', value: 1 });
    await turn();
    void batcher.add({ key: 'a', value: 2 });
    void batcher.add({ key: 'a', value: 3 });
    await expect(batcher.add({ key: 'a', value: 4 })).rejects.toBeInstanceOf(ServiceUnavailable);
    void batcher.add({ key: 'b', value: 5 });
    await turn();
    expect(batches[1]!.items.map(({ value }) => value)).toEqual([5]);
  });
});

describe('the capacity of a KeyedBatcher', () => {
  it('rejects more items than it can finish in time, but accepts a burst when idle', async () => {
    const { batcher, batches, turn } = makeBatcher({ maxBatch: 600, maxBatchPerKey: 1, maxInFlight: 1, maxWaitMs: 1 });
    const add = (count: number) => {
      for (let n = 0; n < count; n++) void batcher.add({ key: `${n} of ${batches.length}`, value: n });
    };
    add(1023);
    expect(batcher.isFull).toBe(false);
    add(1);
    expect(batcher.isFull).toBe(true);
    await turn();
    expect(batcher.isFull).toBe(false);
    add(600);
    expect(batcher.isFull).toBe(true);
    batches[0]!.finish();
    await turn();
    expect(batches).toHaveLength(2);
    expect(batcher.isFull).toBe(false);
  });

  it('follows the number of items that recently finished in that time', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(0);
    try {
      const { batcher, batches, turn } = makeBatcher({
        maxBatch: 4000,
        maxBatchPerKey: 4000,
        maxQueuedPerKey: 4000,
        maxInFlight: 1,
        maxWaitMs: 500,
      });
      const add = (count: number) => {
        for (let n = 0; n < count; n++) void batcher.add({ key: 'a', value: n });
      };
      add(4000);
      await turn();
      clock.mockReturnValue(1000);
      batches[0]!.finish();
      await turn();
      add(1);
      await turn();
      add(1999);
      expect(batcher.isFull).toBe(false);
      add(1);
      expect(batcher.isFull).toBe(true);
    } finally {
      clock.mockRestore();
    }
  });
});

describe('KeyedMutex', () => {
  it('runs one at a time for one key, in order of arrival, even after a failure', async () => {
    const mutex = new KeyedMutex();
    const finished: string[] = [];
    let inside = 0;
    const enter = (key: string, name: string) =>
      mutex.run(key, async () => {
        expect(++inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        finished.push(name);
        if (name === 'second') throw new Error('failed');
      });
    await Promise.allSettled([enter('a', 'first'), enter('a', 'second'), enter('a', 'third')]);
    expect(finished).toEqual(['first', 'second', 'third']);
  });

  it('does not make different keys wait for each other', async () => {
    const mutex = new KeyedMutex();
    const never = mutex.run('a', () => new Promise(() => undefined));
    await expect(mutex.run('b', async () => 'through')).resolves.toBe('through');
    void never;
  });
});
