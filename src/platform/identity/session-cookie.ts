import type { CookieOptions } from 'express';

/** A browser accepts a cookie with this prefix only from the host itself, over TLS, for all its paths. */
const HOST_PREFIX = '__Host-';
const NAME = 'parley_session';
const MAX_HEADER_LENGTH = 8192;

/** The name of the session cookie; with TLS, a cookie set by a sibling host is never accepted as the session cookie. */
export function sessionCookieName(isSecure: boolean): string {
  return isSecure ? HOST_PREFIX + NAME : NAME;
}

/** The session key in a `Cookie` header. */
export function sessionCookieOf(cookies: string | undefined, isSecure: boolean): string | undefined {
  if (cookies === undefined || cookies.length > MAX_HEADER_LENGTH) return undefined;
  const start = `${sessionCookieName(isSecure)}=`;
  const found = cookies.split(';').find((cookie) => cookie.trimStart().startsWith(start));
  return found?.trimStart().slice(start.length).trim() || undefined;
}

/** Scripts cannot read the cookie, and forms or frames of other sites do not send it. */
export function sessionCookieOptions(isSecure: boolean, expires?: Date): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', expires };
}
