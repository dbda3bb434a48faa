import { normaliseDomain } from './link-finder.js';
import { maskSpans, type Rule, CompiledRules } from './compiled-rules.js';

let count = 0;
const rule = (kind: Rule['kind'], pattern: string, action: Rule['action'] = 'mask'): Rule => ({
  id: String(count++),
  kind,
  pattern,
  action: kind === 'link_allow' ? null : action,
  reason: null,
});

/** Returns the text after the application of these rules, all of which mask. */
const under = (rules: Rule[], text: string): string => maskSpans(text, new CompiledRules(rules).evaluate(text).masks);
const words = (patterns: string[], text: string): string =>
  under(
    patterns.map((one) => rule('word', one)),
    text,
  );

describe('CompiledRules for words', () => {
  it.each([
    ['a darn thing', 'a ••• thing'],
    ['DARN, Darn and dArN!', '•••, ••• and •••!'],
    ['darning, undarn, darn2', 'darning, undarn, darn2'],
    ['ｄａｒｎ in full width', '••• in full width'],
    ['da\u200brn and d\u00adarn', '••• and •••'],
    ['under_darn_scores', 'under_•••_scores'],
    ['«darn»', '«•••»'],
  ])('matches whole words in any notation: %s', (text, expected) => {
    expect(words(['darn'], text)).toBe(expected);
  });

  it.each([
    [['straße'], 'in der STRASSE', 'in der •••'],
    [['ΣΊΣΥΦΟΣ'], 'σίσυφος', '•••'],
    [['idiot'], 'İDIOT', '•••'],
    [['привет'], 'ПРИВЕТ мир', '••• мир'],
    [['坏词'], '这是坏词吗', '这是•••吗'],
    [['คำหยาบ'], 'นี่คือคำหยาบนะ', 'นี่คือ•••นะ'],
    [['🖕'], 'take this 🖕🏽!', 'take this •••!'],
    [['go away'], 'Go,  AWAY now', '••• now'],
    [['go away', 'away now'], 'go away now', '•••'],
    [['a.b', "don't"], 'a b, DON’T', '•••, •••'],
  ])('supports scripts, cases and phrases: %j', (patterns, text, expected) => {
    expect(words(patterns, text)).toBe(expected);
  });

  it('treats a rule as text, not as a pattern', () => {
    expect(words(['(a+)+$', '.*'], 'aaaa anything')).toBe('aaaa anything');
  });

  it('scans a text once, whatever its content and the number of rules', () => {
    const set = new CompiledRules([
      ...Array.from({ length: 5000 }, (_, i) => rule('word', `${'a '.repeat(11)}b${i}`)),
      ...Array.from({ length: 200 }, (_, i) => rule('link_deny', `x${i}.example.com`)),
      rule('link_deny', '*'),
    ]);
    const unfriendly = [
      'a ',
      'a',
      'a.',
      '.',
      '-',
      '://',
      'http://',
      'a@',
      '\u200b',
      '🖕',
      '坏',
      '%61',
      'www.',
      '(',
      'é',
    ];
    // Three hundred thousand characters each: with a second scan of each this would exceed the time of a test.
    for (const part of unfriendly) set.evaluate(part.repeat(300_000 / part.length));
  });
});

describe('CompiledRules for links', () => {
  it.each([
    'https://evil.example',
    'HTTP://EVIL.EXAMPLE/path?q=1',
    'evil.example/path',
    'www.evil.example',
    'deep.below.evil.example',
    'https://good.org@evil.example/',
    'https://user:pass@evil.example:8080/x',
    'https://ev%69l.example',
    'https://evil。example',
    'ｅｖｉｌ.example',
    'ev\u200bil.example',
    'https://evil.example.',
    'ftp://evil.example/file',
    'https://good.org/?to=https://evil.example/',
  ])('finds a denied domain in %s', (link) => {
    const finding = new CompiledRules([rule('link_deny', 'evil.example', 'reject')]).evaluate(`look: ${link} now`);
    expect(finding.rejects).toBeDefined();
  });

  it.each(['https://notevil.example', 'evil.example.org', 'evil example', 'evil-example'])('allows %s', (text) => {
    expect(new CompiledRules([rule('link_deny', 'evil.example', 'reject')]).evaluate(text).rejects).toBeUndefined();
  });

  it.each([
    `${'長'.repeat(70)}。evil.example`,
    `${'x'.repeat(64)}.evil.example`,
    `${'é'.normalize('NFD').repeat(60)}.evil.example`,
    'http:////evil.example/x',
    `https://a@${'b'.repeat(63)}.%65vil.example\\x`,
    `https://${'u'.repeat(100)}@evil.example`,
  ])('finds a denied domain after an invalid label in %s', (text) => {
    expect(new CompiledRules([rule('link_deny', 'evil.example', 'reject')]).evaluate(text).rejects).toBeDefined();
  });

  it('ignores labels that DNS does not allow, so that none is converted to punycode', () => {
    const label = Array.from({ length: 50_000 }, (_, index) => String.fromCodePoint(0x4e00 + (index % 20_000))).join(
      '',
    );
    const everything = new CompiledRules([rule('link_deny', '*', 'reject')]);
    for (const text of [`${label}.com`, `https://${label}.com`]) {
      expect(everything.evaluate(text).rejects).toBeUndefined();
    }
  });

  it('replaces the whole link', () => {
    const deny = [rule('link_deny', 'evil.example')];
    expect(under(deny, 'see https://evil.example/a?b=c#d, (evil.example)!')).toBe('see •••, (•••)!');
  });

  it('allows only the listed domains if all others are denied', () => {
    const only = [rule('link_deny', '*'), rule('link_allow', 'good.org'), rule('link_deny', 'bad.good.org')];
    expect(under(only, 'https://good.org/x https://www.good.org http://bad.good.org http://else.org')).toBe(
      'https://good.org/x https://www.good.org ••• •••',
    );
    expect(under(only, 'http://localhost:3000/ http://[::1]/ http://2130706433/')).toBe('••• ••• •••');
    expect(under(only, 'index.html, e.g. this. 3.14 a...b')).toBe('index.html, e.g. this. 3.14 a...b');
  });

  it.each([
    ['Example.COM', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['*', '*'],
    ['localhost', undefined],
    ['a b.com', undefined],
    ['*.example.com', undefined],
    ['https://example.com', undefined],
    ['', undefined],
  ])('normalises %p to %p', (text, expected) => {
    expect(normaliseDomain(text)).toBe(expected);
  });
});
