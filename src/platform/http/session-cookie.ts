import type { CookieOptions } from 'express';

/** A browser takes a cookie of this prefix from this very host alone, over TLS, for all of its paths. */
const HOST_PREFIX = '__Host-';
const NAME = 'parley_session';
const LONGEST_COOKIES = 8192;

/** What the session cookie is called; behind TLS a cookie that a neighbouring host has set is never taken for it. */
export function sessionCookieName(isSecure: boolean): string {
  return isSecure ? HOST_PREFIX + NAME : NAME;
}

/** The session key in a `Cookie` header. */
export function sessionCookieOf(cookies: string | undefined, isSecure: boolean): string | undefined {
  if (cookies === undefined || cookies.length > LONGEST_COOKIES) return undefined;
  const start = `${sessionCookieName(isSecure)}=`;
  const found = cookies.split(';').find((cookie) => cookie.trimStart().startsWith(start));
  return found?.trimStart().slice(start.length).trim() || undefined;
}

/** No script reads it, no other site's form or frame sends it. */
export function sessionCookieOptions(isSecure: boolean, expires?: Date): CookieOptions {
  return { httpOnly: true, sameSite: 'lax', secure: isSecure, path: '/', expires };
}
