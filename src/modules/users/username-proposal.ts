import { randomBytes } from 'node:crypto';
import { isReservedUsername } from '../../platform/validation/reserved-usernames.js';
import { foldUsername } from '../../platform/validation/text.js';

/** What is known of a user who has not chosen a user name. */
export interface KnownOfUser {
  readonly username?: string;
  readonly email?: string | null;
  readonly name?: string;
}

/** Returns a valid user name derived from what is known; another user may have it. */
export function proposeUsername({ username, email, name }: KnownOfUser): string {
  const preferred = username ?? email?.split('@')[0] ?? name ?? '';
  const allowed = foldUsername(preferred.split('@')[0]!.slice(0, 64)).replace(/[^a-z0-9_.-]+/g, '-');
  const trimmed = allowed.replace(/^[-.]+|[-.]+$/g, '').slice(0, 24);
  if (trimmed.length < 3) return withRandomSuffix('user');
  return isReservedUsername(trimmed) ? withRandomSuffix(trimmed) : trimmed;
}

/** Returns a variant of a user name of at most 24 characters that no user is likely to have. */
export function withRandomSuffix(username: string): string {
  return `${username}-${randomBytes(3).toString('hex')}`;
}
