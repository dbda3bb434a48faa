/** The port Redis has where an address names none. */
const DEFAULT_PORT = '6379';

/**
 * Which Redis an address leads to, without how to sign in there: the same text in every process that uses the same one,
 * as long as all of them name it alike. Null without a Redis.
 */
export function redisAddress(redisUrl: string | undefined): string | null {
  if (!redisUrl) return null;
  const { protocol, hostname, port, pathname } = new URL(redisUrl);
  const database = pathname.replace(/^\/+$/, '') || '/0';
  return `${protocol}//${hostname}:${port || DEFAULT_PORT}${database}`;
}
