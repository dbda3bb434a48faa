import { canonicalReaction } from './reaction.js';

describe('a reaction', () => {
  it.each([
    ['👍', '👍'],
    ['❤', '❤️'],
    ['❤\uFE0F', '❤\uFE0F'],
    ['❤\uFE0E', '❤\uFE0F'],
    ['👍🏽', '👍🏽'],
    ['☝🏽', '☝🏽'],
    ['☝\uFE0F🏽', '☝🏽'],
    ['🕵‍♂', '🕵️‍♂️'],
    ['🕵🏽‍♂', '🕵🏽‍♂️'],
    ['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'],
    ['👩‍❤‍💋‍👩', '👩‍❤️‍💋‍👩'],
    ['🏳‍🌈', '🏳️‍🌈'],
    ['🇩🇪', '🇩🇪'],
    ['1⃣', '1️⃣'],
    [
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
      '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}',
    ],
    ['©', '©️'],
    ['\u{1FADE}', '\u{1FADE}'],
    [':thumbsup:', ':thumbsup:'],
    [':+1:', ':+1:'],
  ])('converts %j to the canonical form %j', (given, canonical) => {
    expect(canonicalReaction(given)).toBe(canonical);
    expect(canonicalReaction(canonical)).toBe(canonical);
  });

  it('differs by skin tone', () => {
    expect(new Set(['👍', '👍🏻', '👍🏿'].map(canonicalReaction)).size).toBe(3);
  });

  it.each([
    ...[
      '',
      ' ',
      'a',
      'abc def',
      '<b>',
      '<img src=x onerror=alert(1)>',
      '1',
      '#',
      '👍👍',
      '👍 ',
      'a👍',
      '👍a',
      ':Name:',
    ],
    ...[
      ':a b:',
      '::',
      `:${'x'.repeat(33)}:`,
      ':x',
      '\uFE0F',
      '\u200D',
      '🇩',
      '👍\u200D',
      '☃x',
      '¶',
      '🏴\u{E0061}\u{E007F}',
    ],
    ...['😀\u200D😀\u200D😀\u200D😀\u200D😀', '\u200B👍', '👍\u0301', 'ok', ':-)'],
  ])('rejects %j', (text) => expect(canonicalReaction(text)).toBeUndefined());
});
