import { requireAvatarUrl, requireDisplayName, requireUsername } from './user-fields.policy.js';

describe('a user name', () => {
  it.each([
    ['Ana.Lima-7_', 'ana.lima-7_'],
    ['ＡＮＡ', 'ana'],
  ])('folds %s to %s', (text, folded) => {
    expect(requireUsername(text)).toBe(folded);
  });

  it.each(['an', 'x'.repeat(33), 'аdmin', 'me', 'system', 'chat', 'a na', 'ana\u200b', 'ana@x'])(
    'rejects %j',
    (text) => {
      expect(() => requireUsername(text)).toThrow();
    },
  );
});

describe('a display name', () => {
  it('counts code points, so that an emoji of several code points fits', () => {
    expect(requireDisplayName('👩‍👩‍👧 family')).toBe('👩‍👩‍👧 family');
    expect(() => requireDisplayName('x'.repeat(81))).toThrow();
  });
});

describe('the URL of a picture', () => {
  it.each([
    'javascript:alert(1)',
    'data:image/png;base64,x',
    'http://example.com',
    '//example.com',
    '',
    'https://a@b.c',
  ])('rejects %s', (text) => {
    expect(() => requireAvatarUrl(text)).toThrow();
  });
});
