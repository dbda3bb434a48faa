import { foldEmail, requireAvatarUrl, requireDisplayName, requireUsername } from './user-fields.policy.js';

describe('an e-mail address', () => {
  it.each([
    ['Ana@Example.COM', 'ana@example.com'],
    [' ana+chat@example.co.uk ', 'ana+chat@example.co.uk'],
    ['ana@bücher.example', 'ana@xn--bcher-kva.example'],
    ['ana@ｅｘａｍｐｌｅ.com', 'ana@example.com'],
  ])('%s is %s', (text, folded) => {
    expect(foldEmail(text)).toBe(folded);
  });

  it.each([
    '',
    'ana',
    '@example.com',
    'ana@',
    'ana@localhost',
    'a b@example.com',
    'ana@exa mple.com',
    'ana@-x.com',
    'ana@x..com',
    'а@example.com',
    'ana@example.com\nbcc',
    'ana@ex%61mple.com',
    'ana@127.1',
    'a"b@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a.'.repeat(150)}com`,
  ])('is not %j', (text) => {
    expect(foldEmail(text)).toBeUndefined();
  });
});

describe('a user name', () => {
  it.each([
    ['Ana.Lima-7_', 'ana.lima-7_'],
    ['ＡＮＡ', 'ana'],
  ])('%s is %s', (text, folded) => {
    expect(requireUsername(text)).toBe(folded);
  });

  it.each(['an', 'x'.repeat(33), 'аdmin', 'me', 'system', 'chat', 'a na', 'ana\u200b', 'ana@x'])(
    'is not %j',
    (text) => {
      expect(() => requireUsername(text)).toThrow();
    },
  );
});

describe('a display name', () => {
  it('counts what people see as one character as few', () => {
    expect(requireDisplayName('👩‍👩‍👧 family')).toBe('👩‍👩‍👧 family');
    expect(() => requireDisplayName('x'.repeat(81))).toThrow();
  });
});

describe('the address of a picture', () => {
  it.each([
    'javascript:alert(1)',
    'data:image/png;base64,x',
    'http://example.com',
    '//example.com',
    '',
    'https://a@b.c',
  ])('is not %s', (text) => {
    expect(() => requireAvatarUrl(text)).toThrow();
  });
});
