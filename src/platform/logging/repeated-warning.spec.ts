import { Logger } from '@nestjs/common';
import { createLog, NestLog } from './log.js';
import { RepeatedWarning } from './repeated-warning.js';

describe('a repeated warning', () => {
  let lines: Record<string, unknown>[];
  let warning: RepeatedWarning;

  beforeEach(() => {
    jest.useFakeTimers();
    lines = [];
    const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
    Logger.overrideLogger(new NestLog(createLog({ logLevel: 'info' }, { write })));
    warning = new RepeatedWarning(new Logger('Store'), 'the store is away', { recovered: 'the store is back' });
  });
  afterEach(() => jest.useRealTimers());

  const failFor = (seconds: number): void => {
    for (let n = 0; n < seconds * 10; n++) {
      warning.failed({ err: new Error('refused') });
      jest.advanceTimersByTime(100);
    }
  };

  it('is logged at once, then once a minute with the number of suppressed failures', () => {
    failFor(150);
    expect(lines.map(({ level, msg, suppressed }) => ({ level, msg, suppressed }))).toEqual(
      [0, 599, 599].map((suppressed) => ({ level: 'warn', msg: 'the store is away', suppressed })),
    );
    expect(lines[0]).toMatchObject({ context: 'Store', err: { message: 'refused' } });
  });

  it('ends with one line with its duration and the number of failures', () => {
    failFor(30);
    warning.worked();
    warning.worked();
    jest.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatchObject({ level: 'info', msg: 'the store is back', lasted_ms: 30_000, failed: 300 });
    warning.worked();
    jest.advanceTimersByTime(10_000);
    expect(lines).toHaveLength(2);
  });

  it('does not end while it works only now and then', () => {
    for (let n = 0; n < 25; n++) {
      failFor(1);
      warning.worked();
      jest.advanceTimersByTime(3_000);
    }
    expect(lines.map(({ msg }) => msg)).toEqual(['the store is away', 'the store is away']);
  });

  it('is logged at once again when it fails after it has worked', () => {
    failFor(1);
    warning.worked();
    jest.advanceTimersByTime(5_000);
    failFor(1);
    expect(lines.map(({ msg }) => msg)).toEqual(['the store is away', 'the store is back', 'the store is away']);
  });

  it('logs no end without the option `over`', () => {
    const caused = new RepeatedWarning(new Logger('Sockets'), 'sockets are refused');
    caused.failed({ code: 'LIMIT' });
    caused.worked();
    jest.advanceTimersByTime(30_000);
    caused.failed({ code: 'LIMIT' });
    expect(lines.map(({ msg }) => msg)).toEqual(['sockets are refused']);
  });

  it('logs its fields in each line', () => {
    const one = new RepeatedWarning(new Logger('Tasks'), 'a task failed', {
      recovered: 'done again',
      fields: { task: 'a' },
    });
    one.failed({ code: 'X' });
    one.worked();
    jest.advanceTimersByTime(5_000);
    expect(lines).toMatchObject([
      { msg: 'a task failed', task: 'a', code: 'X' },
      { msg: 'done again', task: 'a', failed: 1 },
    ]);
  });

  it('watches work and passes on its result and error', async () => {
    await expect(warning.watch(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    expect(await warning.watch(() => Promise.resolve(7))).toBe(7);
    jest.advanceTimersByTime(5_000);
    expect(lines.map(({ msg }) => msg)).toEqual(['the store is away', 'the store is back']);
  });
});
