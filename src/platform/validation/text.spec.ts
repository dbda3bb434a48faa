import fc from 'fast-check';
import { isReservedUsername } from './reserved-usernames.js';
import { cleanName, findForbiddenText, foldUsername, USERNAME_PATTERN } from './text.js';

function nested(depth: number): unknown {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe('looking for forbidden text', () => {
  it.each([
    ['plain text', 'hello'],
    ['emoji and other planes', '👩‍👩‍👧 𝒳 漢字 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['numbers, null and booleans', { a: 1, b: null, c: [true, 2.5] }],
    ['nothing at all', undefined],
    ['twenty levels', nested(20)],
    ['a thousand keys', Object.fromEntries(Array.from({ length: 1000 }, (_none, index) => [`k${index}`, index]))],
  ])('lets %s pass', (_what, value) => expect(findForbiddenText(value)).toBeUndefined());

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
    ['bytes', { file: Buffer.from('x') }, 'file'],
  ])('finds %s and says where', (_what, value, path) => {
    expect(findForbiddenText(value)).toEqual({ path, reason: expect.stringMatching(/^must not /) });
  });

  it('refuses what is nested too deep, however deep', () => {
    expect(findForbiddenText(nested(21))?.reason).toContain('20 levels');
    expect(findForbiddenText(nested(1e5))?.reason).toContain('20 levels');
  });

  it('refuses more than a thousand keys, wherever they are', () => {
    const many = Array.from({ length: 501 }, () => ({ a: 1, b: 2 }));
    expect(findForbiddenText(many)?.reason).toContain('1000 keys');
  });

  it('finds every NUL and half pair, and nothing else', () => {
    const hasForbidden = (value: unknown): boolean => {
      const text = JSON.stringify(value);
      return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(text);
    };
    const json = fc.jsonValue({ maxDepth: 5, stringUnit: 'binary' });
    const shallow = json.filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value)));
    fc.assert(fc.property(shallow, (value) => findForbiddenText(value) === undefined || hasForbidden(value)));
    const units = fc.array(fc.constantFrom('a', '\0', '\ud83d', '\ude00', '漢'), { maxLength: 6 });
    const texts = units.map((parts) => parts.join(''));
    fc.assert(fc.property(texts, (text) => (findForbiddenText([text]) !== undefined) === hasForbidden([text])));
  });
});

describe('cleaning a name', () => {
  it.each([
    ['  Ada   Lovelace\n', 'Ada Lovelace'],
    ['e\u0301mile', 'émile'],
    ['photo\u202Egpj.exe', 'photogpj.exe'],
    ['\u2066admin\u2069', 'admin'],
    ['ad\u200Bmin\uFEFF', 'admin'],
    ['a\u0007b\u009Bc\u0085d', 'abc d'],
    ['👩‍👩‍👧 family', '👩‍👩‍👧 family'],
    ['👩🏽‍💻 ❤️‍🔥 🏳️‍🌈', '👩🏽‍💻 ❤️‍🔥 🏳️‍🌈'],
    ['ad\u200Dmin', 'admin'],
    ['👩\u200D', '👩'],
    ['王小明', '王小明'],
    ['محمد', 'محمد'],
    ['\u200B\u202E \u2060', ''],
  ])('makes %j into %j', (given, cleaned) => expect(cleanName(given)).toBe(cleaned));

  it('changes nothing when done again', () => {
    const hostile = fc.constantFrom('👩', '\u200D', '\uFE0F', '\u200B', '\u202E', ' ', '\n', 'e', '\u0301', '\0', '🏽');
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(hostile, { maxLength: 12 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(names, (name) => cleanName(cleanName(name)) === cleanName(name)),
      { numRuns: 2000 },
    );
  });
});

describe('folding a user name', () => {
  it('makes one of what looks alike in other widths and cases', () => {
    expect(foldUsername('Ａda.Ｌ')).toBe('ada.l');
    expect(foldUsername('ADA.L')).toBe('ada.l');
  });

  it('changes nothing when done again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => foldUsername(foldUsername(name)) === foldUsername(name)),
    );
  });

  it.each(['ada', 'a.b-c_9', 'x'.repeat(32)])('lets %s be a user name', (name) => {
    expect(USERNAME_PATTERN.test(foldUsername(name))).toBe(true);
  });

  it.each(['ab', 'x'.repeat(33), 'a b c', 'ádá', 'ada\n', 'a\0b', ''])('does not let %j be one', (name) => {
    expect(USERNAME_PATTERN.test(foldUsername(name))).toBe(false);
  });

  it.each(['ME', 'Admin', 'chat', 'system', '__proto__'])('keeps %s for the house', (name) => {
    expect(isReservedUsername(foldUsername(name))).toBe(true);
  });
});
