import fc from 'fast-check';
import { isReservedUsername } from './reserved-usernames.js';
import { cleanName, foldUsername, USERNAME_PATTERN } from './text.js';

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
