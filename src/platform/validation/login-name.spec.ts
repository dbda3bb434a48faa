import { foldEmail, foldLogin } from './login-name.js';

describe('an email', () => {
  it.each([
    ['Ana@Example.COM', 'ana@example.com'],
    [' ana+chat@example.co.uk ', 'ana+chat@example.co.uk'],
    ['ana@bücher.example', 'ana@xn--bcher-kva.example'],
    ['ana@ｅｘａｍｐｌｅ.com', 'ana@example.com'],
  ])('reads %s as %s', (text, folded) => {
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
    'ana@exa\uFE00mple.com',
    'ana@exa\u00ADmple.com',
    'ana@exa\u{E0101}mple.com',
    'ana@127.1',
    'a"b@example.com',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a.'.repeat(150)}com`,
  ])('rejects %j', (text) => {
    expect(foldEmail(text)).toBeUndefined();
  });
});

describe('the name in a login', () => {
  it.each([
    [' Ana@Example.com ', 'ana@ｅｘａｍｐｌｅ.com'],
    ['ana@bücher.example', 'ANA@xn--bcher-kva.example'],
    [' ANA ', 'ａｎａ'],
  ])('treats %j and %j as the same', (one, other) => {
    expect(foldLogin(one)).toBe(foldLogin(other));
  });
});
