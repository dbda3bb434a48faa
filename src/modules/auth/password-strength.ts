import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import { ValidationError } from '../../platform/errors/app-error.js';

const MIN_LENGTH = 8;
const MAX_LENGTH = 128;
const MAX_BYTES = 512;
/** Of 0 to 4. 2 means more than a million guesses, which a throttled login does not give anybody. */
const LEAST_SCORE = 2;
/**
 * As far as the estimate looks: a longer password is not weaker, and the estimate grows with the square of the length.
 */
const JUDGED_LENGTH = 48;

let estimator: ZxcvbnFactory | undefined;

/**
 * Refuses passwords that are short, that are the account's own name, or that are guessed easily. No rule of which
 * characters there must be. `field` is the name of the input; `about` is what the account is called.
 * @throws ValidationError
 */
export function requireStrongPassword(field: string, password: string, about: readonly string[]): void {
  const normal = password.normalize('NFKC');
  const { length } = [...normal];
  if (length < MIN_LENGTH) throw ValidationError.of(field, `must have at least ${MIN_LENGTH} characters`);
  if (length > MAX_LENGTH || Buffer.byteLength(normal) > MAX_BYTES) {
    throw ValidationError.of(field, `must have at most ${MAX_LENGTH} characters`);
  }
  const lower = normal.toLowerCase();
  if (about.some((name) => name.toLowerCase() === lower)) {
    throw ValidationError.of(field, 'must not be the name of the account');
  }
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const words = about.flatMap((name) => [name, ...name.split(/[@.\s]/)]).filter((word) => word.length > 2);
  const { score } = estimator.check(normal.slice(0, JUDGED_LENGTH), ['parley', 'chat', ...words]);
  if (score < LEAST_SCORE) throw ValidationError.of(field, 'is too easy to guess');
}
