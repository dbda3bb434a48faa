import fc from 'fast-check';
import type { FieldProblem, ValidationError } from '../errors/app-error.js';
import { requireSafeJson, requireSmallJson } from './safe-json.js';

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

function problemOf(value: unknown): FieldProblem | undefined {
  try {
    requireSafeJson(value);
    return undefined;
  } catch (error) {
    return (error as ValidationError & { details: { errors: FieldProblem[] } }).details.errors[0];
  }
}

describe('the JSON check of bodies and frames', () => {
  it.each([
    ['plain text', 'hello'],
    ['emoji and other planes', '👩‍👩‍👧 𝒳 漢字 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['numbers, null and booleans', { a: 1, b: null, c: [true, 2.5] }],
    ['the largest whole numbers, and small fractions', { a: 2 ** 53 - 1, b: 1 - 2 ** 53, c: 0.1, d: -0, e: 1e-300 }],
    ['nothing at all', undefined],
    ['twenty levels', nested(20)],
    ['a thousand keys', Object.fromEntries(Array.from({ length: 1000 }, (_none, index) => [`k${index}`, index]))],
  ])('accepts %s', (_what, value) => expect(problemOf(value)).toBeUndefined());

  it.each([
    ['NUL', 'a\0b', ''],
    ['NUL in a member', { metadata: { tags: ['a', 'b\0'] } }, 'metadata.tags.1'],
    ['the first half of a pair', { text: 'x\ud83d' }, 'text'],
    ['the second half of a pair', ['\ude00x'], '0'],
    ['halves the wrong way round', '\ude00\ud83d', ''],
    ['NUL in a key', { list: [{ 'a\0': 1 }] }, 'list.0'],
    ['half a pair in a key', { outer: { '\ud800': 1 } }, 'outer'],
    ['__proto__', JSON.parse('{"a":{"__proto__":{"admin":true}}}'), 'a'],
    ['constructor', JSON.parse('{"constructor":{}}'), ''],
    ['prototype', JSON.parse('[{"prototype":1}]'), '0'],
    ['2^53', JSON.parse('{"metadata":{"id":9007199254740993}}'), 'metadata.id'],
    ['a whole number far below', JSON.parse('[-12345678901234567890]'), '0'],
    ['a number no double holds', JSON.parse('{"a":[1,-1e999]}'), 'a.1'],
    ['a large power of ten', JSON.parse('{"a":1e21}'), 'a'],
    ['a number alone', JSON.parse('1e400'), ''],
    ['bytes', { file: Buffer.from('x') }, 'file'],
  ])('rejects %s with its path', (_what, value, path) => {
    expect(problemOf(value)).toEqual({ field: path, reason: expect.stringMatching(/^must not /) });
  });

  it('rejects values that are nested too deeply', () => {
    expect(problemOf(nested(21))?.reason).toContain('20 levels');
    expect(problemOf(nested(1e5))?.reason).toContain('20 levels');
  });

  it('rejects more than a thousand keys, at any level', () => {
    const many = Array.from({ length: 501 }, () => ({ a: 1, b: 2 }));
    expect(problemOf(many)?.reason).toContain('1000 keys');
  });

  it('rejects every NUL and half surrogate pair, and nothing else', () => {
    const hasForbidden = (value: unknown): boolean => {
      const text = JSON.stringify(value);
      return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(text) || /\de\+\d|\d{16}/.test(text);
    };
    const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' });
    const shallow = json.filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
    fc.assert(fc.property(shallow, (value) => problemOf(value) === undefined || hasForbidden(value)));
    const units = fc.array(fc.constantFrom('a', '\0', '\ud83d', '\ude00', '漢'), { maxLength: 6 });
    const texts = units.map((parts) => parts.join(''));
    fc.assert(fc.property(texts, (text) => (problemOf([text]) !== undefined) === hasForbidden([text])));
  });

  describe('requireSmallJson, before parsing', () => {
    const isSmall = (text: string): boolean => {
      try {
        requireSmallJson(text);
        return true;
      } catch {
        return false;
      }
    };

    it.each([
      ['twenty levels', JSON.stringify(nested(20)), true],
      ['twenty-one levels', JSON.stringify(nested(21)), false],
      ['half a file of brackets', '['.repeat(125_000), false],
      ['a thousand keys', `{${Array.from({ length: 1000 }, (_none, index) => `"${index}":0`).join()}}`, true],
      ['a thousand and one', `{${Array.from({ length: 1001 }, (_none, index) => `"${index}":0`).join()}}`, false],
      ['twenty thousand values', `[${Array(20_001).fill('1').join()}]`, true],
      ['more values', `[${Array(20_002).fill('1').join()}]`, false],
      ['signs within texts', JSON.stringify({ text: '{[:,"\\'.repeat(20_000) }), true],
      ['an open text', `{"a":"${':'.repeat(5000)}`, true],
    ])('accepts %s: %s', (_name, text, expected) => {
      expect(isSmall(text)).toBe(expected);
    });

    it('accepts everything that is accepted after parsing', () => {
      const value = fc.jsonValue({ maxDepth: 25, stringUnit: 'binary' });
      fc.assert(fc.property(value, (json) => problemOf(json) !== undefined || isSmall(JSON.stringify(json))));
    });
  });
});
