import { ValidationError } from '../../platform/errors/app-error.js';

const MIN_LENGTH = 8;
const MAX_LENGTH = 128;
const MAX_BYTES = 512;
/** The problem of a password that is easy to guess. */
export const TOO_EASY = 'is too easy to guess';

/** A normalised password, and the words of its account that make it easier to guess. */
export interface NormalisedPassword {
  readonly text: string;
  readonly words: readonly string[];
}

/**
 * Refuses passwords that are too short or too long, independent of the Unicode form. It costs next to nothing. Returns
 * the normalised password.
 * @throws ValidationError
 */
export function requirePasswordLength(field: string, password: string): string {
  const text = password.normalize('NFKC');
  const { length } = [...text];
  if (length < MIN_LENGTH) throw ValidationError.of(field, `must have at least ${MIN_LENGTH} characters`);
  if (length > MAX_LENGTH || Buffer.byteLength(text) > MAX_BYTES) {
    throw ValidationError.of(field, `must have at most ${MAX_LENGTH} characters`);
  }
  return text;
}

/**
 * The cheap checks of a password: its length, and that it is none of `accountNames`.
 * @throws ValidationError
 */
export function requireAllowedPassword(
  field: string,
  password: string,
  accountNames: readonly string[],
): NormalisedPassword {
  const text = requirePasswordLength(field, password);
  const lower = text.toLowerCase();
  if (accountNames.some((name) => name.toLowerCase() === lower)) {
    throw ValidationError.of(field, 'must not be the name of the account');
  }
  const words = accountNames.flatMap((name) => [name, ...name.split(/[@.\s]/)]).filter((word) => word.length > 2);
  return { text, words };
}
