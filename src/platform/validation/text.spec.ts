import fc from 'fast-check';
import { isOfficialName, isReservedUsername } from './reserved-usernames.js';
import { cleanName, cleanText, foldUsername, isBlank, USERNAME_PATTERN } from './text.js';

describe('cleanName', () => {
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
    ['می\u200Cخواهم', 'می\u200Cخواهم'],
    ['گفته\u200Cاند \u200C', 'گفته\u200Cاند'],
    ['دا\u200Cد', 'داد'],
    ['क्\u200Dष क्\u200Cष', 'क्\u200Dष क्\u200Cष'],
    ['അവന്\u200D', 'അവന്\u200D'],
    ['র\u200D্যাব', 'র\u200D্যাব'],
    ['ශ්\u200Dරී ලංකා', 'ශ්\u200Dරී ලංකා'],
    ['a\u200Cb\u200Dc', 'abc'],
    ['ad\uFE0Fmin\uFE00', 'admin'],
    ['葛\u{E0100}城', '葛\u{E0100}城'],
    ['1\uFE0F\u20E3 up', '1\uFE0F\u20E3 up'],
    ['Ann\u{E0068}\u{E0069}\u{E007F}', 'Ann'],
    [
      '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Ann',
      '🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F} Ann',
    ],
    ['🏴\u{E0068}\u{E0069}\u{E007F} Ann', '🏴 Ann'],
    ['\u2800Ann\u3164\u115F', 'Ann'],
    ['<img src=x onerror=alert(1)>Ann', 'Ann'],
    ['<scr\u200Bipt>alert(1)</script>', ''],
    ['Ann <3 Ben', 'Ann <3 Ben'],
  ])('converts %j to %j', (given, cleaned) => expect(cleanName(given)).toBe(cleaned));

  it('is idempotent', () => {
    const hostile = fc.constantFrom(
      ...[
        '👩',
        '\u200D',
        '\uFE0F',
        '\u200B',
        '\u202E',
        ' ',
        '\n',
        'e',
        '\u0301',
        '\0',
        '🏽',
        '\u200C',
        'ه',
        'ا',
        'क',
        '\u094D',
      ],
      ...[
        '<',
        '>',
        '<b>',
        '</b>',
        '<script>',
        '\u180B',
        'ᠠ',
        '葛',
        '\u{E0100}',
        '🏴',
        '\u{E0067}',
        '\u{E0062}',
        '1',
        '\u20E3',
        '\u{2F800}',
      ],
    );
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

describe('isBlank', () => {
  const BLANKS = [
    ...[
      '',
      ' \n',
      '\u200B',
      '\u2800\u2800',
      '\u3164',
      '\u115F',
      '\u1160\uFFA0',
      '\uFE0F',
      '\u{E0100}',
      '\u{E0041}',
      '\u00AD',
    ],
    ...['\u034F', '\u180E', '\u2062', '\uFEFF', '\u202E', '\u{1D159}', '\u{1D173}', '\uFFF9', '\u17B4', '\u3000'],
  ];

  it.each(BLANKS)('is true for %j', (text) => {
    expect(isBlank(text)).toBe(true);
    expect([cleanName(text), cleanText(text)]).toEqual(['', '']);
  });

  it.each(['a', '.', '👍', '\u0301', '⠁', '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}', 'ㅤa'])(
    'is false for %j',
    (text) => expect(isBlank(text)).toBe(false),
  );

  it('is false for a text of several lines, which cleanText preserves without active markup', () => {
    expect(cleanText(' one\n\ttwo <b>three</b> <i> e\u0301\u0007 ')).toBe('one\n\ttwo three <i> é');
  });
});

describe('foldUsername', () => {
  it('removes differences of width and case', () => {
    expect(foldUsername('Ａda.Ｌ')).toBe('ada.l');
    expect(foldUsername('ADA.L')).toBe('ada.l');
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => foldUsername(foldUsername(name)) === foldUsername(name)),
    );
  });

  it.each(['ada', 'a.b-c_9', 'x'.repeat(32)])('accepts %s as a user name', (name) => {
    expect(USERNAME_PATTERN.test(foldUsername(name))).toBe(true);
  });

  it.each(['ab', 'x'.repeat(33), 'a b c', 'ádá', 'ada\n', 'a\0b', ''])('rejects %j as a user name', (name) => {
    expect(USERNAME_PATTERN.test(foldUsername(name))).toBe(false);
  });

  it.each(['ME', 'Admin', 'chat', 'system', '__proto__', 'deleted-user', 'Deleted_User', 'adm1n', 's.y.s.t.e.m'])(
    'reserves %s for the installation',
    (name) => {
      expect(isReservedUsername(foldUsername(name))).toBe(true);
    },
  );
});

describe('isOfficialName', () => {
  it.each([
    'Admin',
    'SYSTEM',
    'Deleted user',
    'deleted  USER',
    'Аdmіn',
    'ádmin',
    'Adm1n',
    '-system-',
    'Ｓｙｓｔｅｍ',
    'M0derator',
  ])('is true for %j', (name) => expect(isOfficialName(name)).toBe(true));

  it.each(['Ada', 'Adminah Ali', 'The System of a Down', 'Deleted scenes', 'Simon', '王小明', 'Админа', '!!!'])(
    'is false for %j',
    (name) => expect(isOfficialName(name)).toBe(false),
  );
});
