/** The port of a Redis URL without one. */
const DEFAULT_PORT = '6379';

/**
 * Identifies a Redis by its URL without credentials. The text is the same in all processes that use the same Redis
 * under the same host name. Null without a Redis.
 */
export function redisIdentity(redisUrl: string | undefined): string | null {
  if (!redisUrl) return null;
  const { protocol, hostname, port, pathname } = new URL(redisUrl);
  const database = pathname.replace(/^\/+$/, '') || '/0';
  return `${protocol}//${hostname}:${port || DEFAULT_PORT}${database}`;
}
