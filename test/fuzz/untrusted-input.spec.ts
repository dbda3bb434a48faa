import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { fuzz, type FuzzOptions, type FuzzResult } from './fuzz.js';
import { PARSERS } from './parsers.js';
import { PARSERS as PLANTED } from './planted-parsers.js';
import { PARSERS as TEXT_READERS } from './text-readers.js';

const CHECKS = 'src/modules/files/checks';
/** Not a parser: what all of them read a file by. */
const READER = 'bytes';
const SEED = 20_260_101;
/** Of each parser; `npm run fuzz` tries 10,000. */
const CASES = 200;

function tried(
  table: string,
  options: Pick<FuzzOptions, 'parsers' | 'from' | 'cases' | 'hardLimitMs'>,
): Promise<FuzzResult[]> {
  return fuzz({
    table: pathToFileURL(`test/fuzz/${table}`).href,
    entry: 'test/fuzz/fuzz-process.ts',
    nodeOptions: ['--import', './test/support/register-typescript.mjs'],
    seed: SEED,
    ...options,
  });
}

describe('the parsers of files', () => {
  it('are all tried', () => {
    const files = readdirSync(CHECKS)
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
      .map((name) => name.slice(0, -'.ts'.length));
    expect(PARSERS.map(({ name }) => name)).toEqual(files.filter((name) => name !== READER).sort());
  });

  describe('on changed samples', () => {
    let results: FuzzResult[];
    beforeAll(async () => {
      results = await tried('parsers.ts', { parsers: PARSERS.map(({ name }) => name), cases: CASES });
    }, 240_000);

    it.each(PARSERS.map(({ name }) => name))('%s ends within its bounds, with a refusal at worst', (name) => {
      const { cases, accepted, faults } = results.find(({ parser }) => parser === name)!;
      expect({ cases, faults }).toEqual({ cases: CASES, faults: [] });
      // Where nothing is taken, or nothing refused, the samples never reach what they are for.
      expect(accepted).toBeGreaterThan(0);
    });
  });
});

describe('the readers of texts, on 200,000 letters of what repeats', () => {
  let results: FuzzResult[];
  beforeAll(async () => {
    results = await tried('text-readers.ts', { parsers: TEXT_READERS.map(({ name }) => name), cases: 10 });
  }, 240_000);

  it.each(TEXT_READERS.map(({ name }) => name))('%s ends in time', (name) => {
    expect(results.find(({ parser }) => parser === name)).toMatchObject({ cases: 10, faults: [] });
  });
});

describe('a planted fault of a parser is seen', () => {
  let results: FuzzResult[];
  beforeAll(async () => {
    const parsers = PLANTED.map(({ name }) => name);
    results = await tried('planted-parsers.ts', { parsers, cases: 15, hardLimitMs: 5000 });
  }, 120_000);

  const faultsOf = (name: string): string =>
    results
      .find(({ parser }) => parser === name)!
      .faults.map(({ what }) => what)
      .join('\n');

  it.each([
    ['an endless loop', 'endless', /^does not end within 5000 ms$/m],
    ['the square of the size', 'quadratic', /^\d+ steps for \d+ bytes, at most \d+$/m],
    ['an error nothing expects', 'throwing', /^throws RangeError/m],
    ['an error outside of its promise', 'throwing-later', /^ends the process: 1$/m],
    ['memory for a size that is only claimed', 'trusting', /^\d+ allocated for \d+ bytes, at most \d+$/m],
    ['bytes that are read again and again', 'rereading', /^\d+ bytesRead for \d+ bytes, at most \d+$/m],
  ])('%s', (_what, parser, expected) => expect(faultsOf(parser)).toMatch(expected));

  it('and nothing where there is none', () => expect(faultsOf('sound')).toBe(''));

  it('once more by the number of its case', async () => {
    const [fault] = results.find(({ parser }) => parser === 'throwing')!.faults;
    const [again] = await tried('planted-parsers.ts', { parsers: ['throwing'], from: fault!.case, cases: 1 });
    expect(again!.faults).toMatchObject([{ ...fault, what: expect.stringContaining('RangeError') }]);
  });
});
