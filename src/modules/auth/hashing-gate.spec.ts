import { RateLimitExceeded, ServiceUnavailable } from '../../platform/errors/app-error.js';
import { RequestRefused } from '../../platform/http/http-errors.js';
import { HashingGate } from './hashing-gate.js';

describe('the hashing gate', () => {
  /** Work that has begun and not ended, and how to end it. */
  const open: { who: string; end: () => void }[] = [];
  const begun: string[] = [];
  beforeEach(() => {
    open.splice(0);
    begun.splice(0);
  });

  const work = (who: string) => () =>
    new Promise<void>((resolve) => {
      begun.push(who);
      open.push({ who, end: resolve });
    });
  const stranger = (gate: HashingGate, key: string, more: object = {}) => gate.run({ key, ...more }, work(key));
  const trusted = (gate: HashingGate, key: string) => gate.run({ key, isTrusted: true }, work(key));
  const drain = async () => {
    while (open.length > 0) {
      open.shift()!.end();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('runs and queues up to its limits, and refuses the rest', async () => {
    const gate = new HashingGate({ running: 2, waiting: 3, waitingPerKey: 2 });
    const runs = ['a', 'b', 'c', 'd', 'e'].map((key) => stranger(gate, key));
    await expect(stranger(gate, 'f')).rejects.toBeInstanceOf(ServiceUnavailable);
    expect(open).toHaveLength(2);
    while (open.length > 0) {
      open.shift()!.end();
      await new Promise((resolve) => setImmediate(resolve));
      expect(open.length).toBeLessThanOrEqual(2);
    }
    await Promise.all(runs);
  });

  it('continues after work that failed', async () => {
    const gate = new HashingGate({ running: 1, waiting: 1, waitingPerKey: 1 });
    await expect(gate.run({ key: 'a' }, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(gate.run({ key: 'a' }, () => Promise.resolve('done'))).resolves.toBe('done');
  });

  it('queues an IP address only a few times, and IP addresses take turns', async () => {
    const gate = new HashingGate({ running: 1, waiting: 50, waitingPerKey: 3 });
    const greedy = Array.from({ length: 60 }, () => stranger(gate, 'greedy'));
    const outcomes = Promise.allSettled(greedy);
    const modest = stranger(gate, 'modest');
    await drain();
    await modest;
    expect(begun).toEqual(['greedy', 'greedy', 'modest', 'greedy', 'greedy']);
    const refused = (await outcomes).filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused).toHaveLength(56);
    expect(refused.every(({ reason }) => reason instanceof RateLimitExceeded)).toBe(true);
  });

  it('queues an account only a few times, from any number of IP addresses', async () => {
    const gate = new HashingGate({ running: 1, waiting: 50, waitingPerKey: 2 });
    const runs = [0, 1, 2].map((number) => stranger(gate, `address ${number}`, { account: 'ana' }));
    await expect(stranger(gate, 'address 3', { account: 'ana' })).rejects.toBeInstanceOf(RateLimitExceeded);
    const other = stranger(gate, 'address 4', { account: 'bob' });
    await drain();
    await Promise.all([...runs, other]);
  });

  it('makes room in a full queue for an IP address that waits less than another', async () => {
    const gate = new HashingGate({ running: 1, waiting: 4, waitingPerKey: 4 });
    const greedy = Promise.allSettled(Array.from({ length: 5 }, () => stranger(gate, 'greedy')));
    const modest = stranger(gate, 'modest');
    await drain();
    await modest;
    expect((await greedy).map(({ status }) => status)).toEqual([...Array<string>(4).fill('fulfilled'), 'rejected']);
  });

  it('serves known devices before strangers, and still a stranger at regular intervals', async () => {
    const gate = new HashingGate({ running: 1, waiting: 50, waitingPerKey: 4 });
    const strangers = [stranger(gate, 'first'), stranger(gate, 's1'), stranger(gate, 's2')];
    const known = Array.from({ length: 6 }, (_, i) => trusted(gate, `t${i}`));
    await drain();
    await Promise.all([...strangers, ...known]);
    expect(begun).toEqual(['first', 't0', 't1', 't2', 's1', 't3', 't4', 't5', 's2']);
  });

  it('removes a stranger from a full queue for a known device', async () => {
    const gate = new HashingGate({ running: 1, waiting: 2, waitingPerKey: 4 });
    const strangers = Promise.allSettled(['a', 'b', 'c'].map((key) => stranger(gate, key)));
    const known = trusted(gate, 'ana');
    await drain();
    await known;
    expect((await strangers).filter(({ status }) => status === 'rejected')).toHaveLength(1);
  });

  it('removes a client that disconnects while waiting, and does no work for it', async () => {
    const gate = new HashingGate({ running: 1, waiting: 50, waitingPerKey: 1 });
    const first = stranger(gate, 'first');
    const gone = new AbortController();
    const left = stranger(gate, 'gone', { signal: gone.signal });
    gone.abort();
    await expect(left).rejects.toBeInstanceOf(RequestRefused);
    const again = stranger(gate, 'gone');
    await drain();
    await Promise.all([first, again]);
    expect(begun).toEqual(['first', 'gone']);
    await expect(stranger(gate, 'gone', { signal: gone.signal })).rejects.toBeInstanceOf(RequestRefused);
  });
});
