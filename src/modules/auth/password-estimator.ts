import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';

/** Of 0 to 4. 2 means more than a million guesses, which a throttled login does not give anybody. */
const LEAST_SCORE = 2;
/**
 * As far as the estimate looks: a longer password is not weaker, and the estimate grows with the square of the length.
 */
const ESTIMATED_LENGTH = 48;
/** Words of the account itself that the estimate knows, and how much of each. */
const WORDS_MAX = 12;
const WORD_LENGTH_MAX = 80;

let estimator: ZxcvbnFactory | undefined;

/**
 * Whether a normalised password is guessed easily by those who know these words. It takes up to a quarter of a second
 * of a core for 48 characters: everything else asks `PasswordStrength`, which does it in a thread of its own.
 */
export function isGuessable(password: string, words: readonly string[]): boolean {
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const known = words.slice(0, WORDS_MAX).map((word) => word.slice(0, WORD_LENGTH_MAX));
  const { score } = estimator.check(password.slice(0, ESTIMATED_LENGTH), ['parley', 'chat', ...known]);
  return score < LEAST_SCORE;
}
