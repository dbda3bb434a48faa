import { ValidationError } from '../../platform/errors/app-error.js';

const MIN_LENGTH = 8;
const MAX_LENGTH = 128;
const MAX_BYTES = 512;
/** The problem of a password that is easy to guess. */
export const TOO_EASY = 'is too easy to guess';

/** A normalised password, and the words of its account that make it easier to guess. */
export interface PasswordForm {
  readonly normal: string;
  readonly words: readonly string[];
}

/**
 * Refuses passwords that are too short or too long, independent of the Unicode form. It costs next to nothing. Returns
 * the normal form.
 * @throws ValidationError
 */
export function requirePasswordLength(field: string, password: string): string {
  const normal = password.normalize('NFKC');
  const { length } = [...normal];
  if (length < MIN_LENGTH) throw ValidationError.of(field, `must have at least ${MIN_LENGTH} characters`);
  if (length > MAX_LENGTH || Buffer.byteLength(normal) > MAX_BYTES) {
    throw ValidationError.of(field, `must have at most ${MAX_LENGTH} characters`);
  }
  return normal;
}

/**
 * The cheap checks of a password: its length, and that it is not a name of the account. `about` contains the names of
 * the account.
 * @throws ValidationError
 */
export function requirePasswordForm(field: string, password: string, about: readonly string[]): PasswordForm {
  const normal = requirePasswordLength(field, password);
  const lower = normal.toLowerCase();
  if (about.some((name) => name.toLowerCase() === lower)) {
    throw ValidationError.of(field, 'must not be the name of the account');
  }
  const words = about.flatMap((name) => [name, ...name.split(/[@.\s]/)]).filter((word) => word.length > 2);
  return { normal, words };
}
