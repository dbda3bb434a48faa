import { createHash } from 'node:crypto';
import type { Actor } from '../identity/actor.js';
import type { ServerKey } from '../identity/server-key.js';
import { ipOf, networkOf } from '../http/client-address.js';
import { foldLogin } from '../validation/login-name.js';

/**
 * The properties of a request that determine its subject. `actor` is set if the authentication guard accepted a
 * credential.
 */
export interface LimitedRequest {
  readonly ip?: string;
  readonly body?: unknown;
  readonly actor?: Actor;
  /** Set once a rate limit has counted the request. */
  isCounted?: boolean;
}

/** No account name is longer; a longer text must not become a key. */
const MAX_ACCOUNT_LENGTH = 320;

/**
 * Returns the subject of an IP address: an IPv4 address or an IPv6 network (/64), the smallest block that a client
 * cannot change for free. All texts that are not IP addresses are one subject.
 */
export function subjectOfIp(ip: string | undefined): string {
  const known = ipOf(ip);
  return known === undefined ? 'ip:unknown' : `ip:${networkOf(known)}`;
}

/** Returns the subject of a login or refresh: the pair of IP address and account. */
export function loginSubject(ip: string | undefined, account: string): string {
  return `${subjectOfIp(ip)}|${foldLogin(account.slice(0, MAX_ACCOUNT_LENGTH))}`;
}

/** Returns the subject of a server key. */
export function subjectOfKey({ id }: Pick<ServerKey, 'id'>): string {
  return `key:${id}`;
}

/** Returns the subject of a call: the user, or the IP address if there is none. */
export function callerSubject({ actor, ip }: LimitedRequest): string {
  return actor ? actor.userId : subjectOfIp(ip);
}

/**
 * Returns what a login or refresh is counted by. A login: the account in its body, in any of the accepted fields. A
 * refresh names none: its token, which is hashed because keys must not contain credentials.
 */
export function loginKeyOf(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { email, username, login, username_or_email: either, refresh_token: token } = body as Record<string, unknown>;
  for (const account of [email, username, login, either]) if (typeof account === 'string' && account) return account;
  return typeof token === 'string' ? createHash('sha256').update(token).digest('base64url') : '';
}
