import { createHash } from 'node:crypto';
import type { Actor } from '../http/actor.js';
import { ipOf, networkOf } from '../http/client-address.js';
import { foldLogin } from '../validation/login-name.js';

/**
 * What of a request says on whose account it goes. `actor` is there when the authentication guard let a credential in.
 */
export interface LimitedRequest {
  readonly ip?: string;
  readonly body?: unknown;
  readonly actor?: Actor;
  /** Set once a limit has counted the request. */
  isCounted?: boolean;
}

/** Longer account names cannot exist; a longer text must not become a key. */
const LONGEST_ACCOUNT = 320;

/**
 * One address of IPv4 or one network (/64) of IPv6: the least that costs money to change. All that is no address is one
 * subject.
 */
export function addressSubject(ip: string | undefined): string {
  const known = ipOf(ip);
  return known === undefined ? 'ip:unknown' : `ip:${networkOf(known)}`;
}

/** The pair of address and account that a login or refresh is counted for. */
export function loginSubject(ip: string | undefined, account: string): string {
  return `${addressSubject(ip)}|${foldLogin(account.slice(0, LONGEST_ACCOUNT))}`;
}

/** Who pays for a call: the user, or the address where there is none. */
export function callerSubject({ actor, ip }: LimitedRequest): string {
  return actor ? actor.userId : addressSubject(ip);
}

/**
 * The account a login names, whichever of the accepted fields it uses. A refresh names none; its token stands in,
 * hashed, because keys are no place for credentials.
 */
export function accountNamed(body: unknown): string {
  if (typeof body !== 'object' || body === null) return '';
  const { email, username, login, username_or_email: either, refresh_token: token } = body as Record<string, unknown>;
  for (const account of [email, username, login, either]) if (typeof account === 'string' && account) return account;
  return typeof token === 'string' ? createHash('sha256').update(token).digest('base64url') : '';
}
