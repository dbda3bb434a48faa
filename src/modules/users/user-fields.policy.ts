import { randomBytes } from 'node:crypto';
import { ValidationError } from '../../platform/errors/app-error.js';
import { requirePictureUrl } from '../../platform/validation/https-url.js';
import { foldEmail } from '../../platform/validation/login-name.js';
import { isOfficialName, isReservedUsername } from '../../platform/validation/reserved-usernames.js';
import { cleanName, cleanText, foldUsername, USERNAME_PATTERN } from '../../platform/validation/text.js';
import { EXTERNAL_ID_MAX, isExternalId } from '../../platform/validation/user-references.js';

/** In code points. */
export const DISPLAY_NAME_MAX = 80;
const BIO_MAX = 500;
const LOCATION_MAX = 100;

/** Returns the folded form, in which user names are unique. @throws ValidationError if it is invalid or reserved */
export function requireUsername(text: string): string {
  const username = foldUsername(text.trim());
  if (!USERNAME_PATTERN.test(username)) {
    throw ValidationError.of('username', 'must be 3 to 32 of a-z, 0-9, "_", "." and "-"');
  }
  if (isReservedUsername(username)) throw ValidationError.of('username', 'is reserved');
  return username;
}

/** Returns the form in which emails are unique: lower case, the domain in ASCII. @throws ValidationError */
export function requireEmail(text: string): string {
  const email = foldEmail(text);
  if (!email) throw ValidationError.of('email', 'must be an e-mail address');
  return email;
}

/**
 * Requires an id of a user in the host product: any text of 1 to 255 characters without control characters. It is
 * compared byte by byte. @throws ValidationError
 */
export function requireExternalId(text: string): string {
  if (isExternalId(text)) return text;
  throw ValidationError.of('external_id', `must be 1 to ${EXTERNAL_ID_MAX} characters, without control characters`);
}

/** @throws ValidationError if it has no visible characters, is too long, or resembles an official name */
export function requireDisplayName(text: string): string {
  const name = cleanName(text);
  if (name === '') throw ValidationError.of('display_name', 'must not be empty');
  if (isOfficialName(name)) throw ValidationError.of('display_name', 'is reserved');
  return requireLength('display_name', name, DISPLAY_NAME_MAX);
}

/** @throws ValidationError */
export function requireBio(text: string): string {
  return requireLength('bio', cleanText(text), BIO_MAX);
}

/** @throws ValidationError */
export function requireLocation(text: string): string {
  return requireLength('location', cleanName(text), LOCATION_MAX);
}

/** Requires an https URL without credentials, which the server never fetches, or the path of an own image. @throws ValidationError */
export function requireAvatarUrl(text: string): string {
  return requirePictureUrl('avatar_url', text);
}

function requireLength(field: string, text: string, max: number): string {
  if ([...text].length > max) throw ValidationError.of(field, `must be at most ${max} characters`);
  return text;
}

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
