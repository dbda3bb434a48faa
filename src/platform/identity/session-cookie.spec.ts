import { sessionCookieOf } from './session-cookie.js';

describe('the session cookie', () => {
  it('is found among others', () => {
    expect(sessionCookieOf('a=1; parley_session=key; b=2', false)).toBe('key');
    expect(sessionCookieOf('__Host-parley_session=key', true)).toBe('key');
  });

  it('is not accepted from a sibling host, which cannot set the prefix', () => {
    expect(sessionCookieOf('parley_session=planted', true)).toBeUndefined();
    expect(sessionCookieOf('x__Host-parley_session=planted', true)).toBeUndefined();
  });

  it.each([undefined, '', 'parley_session=', ';;;', 'parley_session', `${'x=1;'.repeat(4000)}parley_session=key`])(
    'is not found in %p',
    (cookies) => expect(sessionCookieOf(cookies, false)).toBeUndefined(),
  );
});
