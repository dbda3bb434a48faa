import { Logger } from '@nestjs/common';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { CircuitBreaker, CircuitOpen } from './circuit-breaker.js';
import { Repeating } from './repeating.js';
import { Semaphore } from './semaphore.js';

/** A promise with the function that resolves it. */
function latch(): { opened: Promise<void>; open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('Repeating', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('skips the runs that are due while one takes longer than the interval', async () => {
    const run = latch();
    let begun = 0;
    const repeating = Repeating.every(10, () => {
      begun++;
      return run.opened;
    });
    await jest.advanceTimersByTimeAsync(35);
    expect(begun).toBe(1);
    run.open();
    await jest.advanceTimersByTimeAsync(10);
    expect(begun).toBe(2);
    await repeating.stop();
  });

  it('stops when the current run has ended, and begins no other', async () => {
    const run = latch();
    const ended: string[] = [];
    const repeating = Repeating.every(
      10,
      async () => {
        await run.opened;
        ended.push('run');
      },
      { startsNow: true },
    );
    const stopped = repeating.stop().then(() => ended.push('stop'));
    run.open();
    await stopped;
    await jest.advanceTimersByTimeAsync(50);
    expect(ended).toEqual(['run', 'stop']);
  });

  it('logs a failure as a warning and repeats the work', async () => {
    const logger = new Logger('test');
    const warn = jest.spyOn(logger, 'warn').mockImplementation();
    const runs: string[] = [];
    const repeating = Repeating.every(
      10,
      () => {
        runs.push('run');
        throw new Error('failed');
      },
      { warning: new RepeatedWarning(logger, 'the work fails') },
    );
    await jest.advanceTimersByTimeAsync(20);
    await repeating.stop();
    expect(runs).toHaveLength(2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith('the work fails', expect.objectContaining({ suppressed: 0 }));
  });
});

describe('Semaphore', () => {
  it('runs so many calls at once, makes the next ones wait in order, and refuses the rest', async () => {
    const semaphore = new Semaphore({ running: 1, waiting: 2, waitMs: 60_000, retrySeconds: 3 });
    const run = latch();
    const order: number[] = [];
    const first = semaphore.run(() => run.opened);
    const waiting = [1, 2].map((number) => semaphore.run(async () => void order.push(number)));
    await expect(semaphore.run(async () => undefined)).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
      retryAfterSeconds: 3,
    });
    expect(order).toEqual([]);
    run.open();
    await Promise.all([first, ...waiting]);
    expect(order).toEqual([1, 2]);
  });

  it('refuses a call that waits for too long, and later ones still run', async () => {
    const semaphore = new Semaphore({ running: 1, waiting: 2, waitMs: 1, retrySeconds: 3 });
    const run = latch();
    const first = semaphore.run(() => run.opened);
    await expect(semaphore.run(async () => undefined)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    run.open();
    await first;
    await expect(semaphore.run(async () => 'done')).resolves.toBe('done');
  });
});

describe('CircuitBreaker', () => {
  let time: number;
  let calls: number;
  let circuit: CircuitBreaker;

  beforeEach(() => {
    [time, calls] = [0, 0];
    circuit = new CircuitBreaker({ failures: 2, openMs: 100 }, () => time);
  });

  const call = (result: Promise<string>): Promise<string> =>
    circuit.run(() => {
      calls++;
      return result;
    });
  const succeed = () => call(Promise.resolve('done'));
  const fail = () => expect(call(Promise.reject(new Error('away')))).rejects.toThrow('away');

  it('opens after failures in a row, and makes no call until the time of the next try', async () => {
    await fail();
    await succeed();
    await fail();
    expect(circuit.isOpen).toBe(false);
    await fail();
    expect(circuit.isOpen).toBe(true);
    time = 99;
    await expect(succeed()).rejects.toBeInstanceOf(CircuitOpen);
    expect(calls).toBe(4);
  });

  it('makes one call after a while: its failure keeps the circuit open, its success closes it', async () => {
    await fail();
    await fail();
    time = 100;
    const run = latch();
    const first = call(run.opened.then(() => Promise.reject(new Error('away'))));
    await expect(succeed()).rejects.toBeInstanceOf(CircuitOpen);
    run.open();
    await expect(first).rejects.toThrow('away');
    time = 199;
    await expect(succeed()).rejects.toBeInstanceOf(CircuitOpen);
    time = 200;
    expect(await succeed()).toBe('done');
    expect(circuit.isOpen).toBe(false);
    expect(await succeed()).toBe('done');
  });
});
