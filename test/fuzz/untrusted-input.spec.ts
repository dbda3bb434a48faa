import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { fuzz, type FuzzOptions, type FuzzResult } from './fuzz.js';
import { PARSERS } from './parsers.js';
import { PARSERS as PLANTED } from './planted-parsers.js';
import { PARSERS as TEXT_READERS } from './text-readers.js';

const CHECKS = 'src/modules/files/checks';
/** Not a parser: the reader of bytes that all of them use. */
const READER = 'file-reader';
const SEED = 20_260_101;
/** For each parser; `npm run fuzz` runs 10,000. */
const CASES = 200;

function run(
  table: string,
  options: Pick<FuzzOptions, 'parsers' | 'from' | 'cases' | 'hardLimitMs'>,
): Promise<FuzzResult[]> {
  return fuzz({
    table: pathToFileURL(`dist/test/fuzz/${table}`).href,
    entry: 'dist/test/fuzz/fuzz-process.js',
    seed: SEED,
    ...options,
  });
}

describe('a parser of files', () => {
  it('has an entry for each file in checks/', () => {
    const files = readdirSync(CHECKS)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => name.slice(0, -'.ts'.length));
    expect(PARSERS.map(({ name }) => name)).toEqual(files.filter((name) => name !== READER).sort());
  });

  describe('on mutated samples', () => {
    let results: FuzzResult[];
    beforeAll(async () => {
      results = await run('parsers.js', { parsers: PARSERS.map(({ name }) => name), cases: CASES });
    }, 240_000);

    it.each(PARSERS.map(({ name }) => name))('ends within its bounds, at worst with a refusal: %s', (name) => {
      const { cases, accepted, faults } = results.find(({ parser }) => parser === name)!;
      expect({ cases, faults }).toEqual({ cases: CASES, faults: [] });
      // If no case is accepted, the samples do not reach the code they are for.
      expect(accepted).toBeGreaterThan(0);
    });
  });
});

describe('a reader of texts, with 200,000 characters of a repeated unit', () => {
  let results: FuzzResult[];
  beforeAll(async () => {
    results = await run('text-readers.js', { parsers: TEXT_READERS.map(({ name }) => name), cases: 10 });
  }, 240_000);

  it.each(TEXT_READERS.map(({ name }) => name))('ends in time: %s', (name) => {
    expect(results.find(({ parser }) => parser === name)).toMatchObject({ cases: 10, faults: [] });
  });
});

describe('the fuzzer', () => {
  let results: FuzzResult[];
  beforeAll(async () => {
    const parsers = PLANTED.map(({ name }) => name).filter((name) => name !== 'endless');
    results = [
      // Its first case does not end; each such case takes the whole limit.
      ...(await run('planted-parsers.js', { parsers: ['endless'], cases: 2, hardLimitMs: 1000 })),
      ...(await run('planted-parsers.js', { parsers, cases: 9 })),
    ];
  }, 120_000);

  const faultsOf = (name: string): string =>
    results
      .find(({ parser }) => parser === name)!
      .faults.map(({ what }) => what)
      .join('\n');

  it.each([
    ['an endless loop', 'endless', /^does not end within 1000 ms$/m],
    ['the square of the size', 'quadratic', /^\d+ steps for \d+ bytes, at most \d+$/m],
    ['an error nothing expects', 'throwing', /^throws RangeError/m],
    ['an error outside of its promise', 'throwing-later', /^ends the process: 1$/m],
    ['memory for a size that is only claimed', 'trusting', /^\d+ allocated for \d+ bytes, at most \d+$/m],
    ['bytes that are read again and again', 'rereading', /^\d+ bytesRead for \d+ bytes, at most \d+$/m],
  ])('finds %s', (_what, parser, expected) => expect(faultsOf(parser)).toMatch(expected));

  it('finds no fault in a correct parser', () => expect(faultsOf('sound')).toBe(''));

  it('reproduces a fault by the number of its case', async () => {
    const [fault] = results.find(({ parser }) => parser === 'throwing')!.faults;
    const [again] = await run('planted-parsers.js', { parsers: ['throwing'], from: fault!.case, cases: 1 });
    expect(again!.faults).toMatchObject([{ ...fault, what: expect.stringContaining('RangeError') }]);
  });
});
