import { parentPort } from 'node:worker_threads';
import { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { adjacencyGraphs, dictionary } from '@zxcvbn-ts/language-common';
import type { EstimateTask } from './password-strength.service.js';

/** Of 0 to 4. 2 means more than a million guesses, which the login limits do not allow. */
const LEAST_SCORE = 2;
/**
 * The estimate covers this length: a longer password is not weaker, and the cost grows with the square of the length.
 */
const ESTIMATED_LENGTH = 48;
/** The number of words of the account that the estimate uses, and the length of each. */
const WORDS_MAX = 12;
const WORD_LENGTH_MAX = 80;

let estimator: ZxcvbnFactory | undefined;

/**
 * Whether a normalised password is easy to guess with knowledge of these words. It takes up to a quarter of a second of
 * a core for 48 characters: use `PasswordStrength`, which runs it in a separate thread.
 */
export function isGuessable(password: string, words: readonly string[]): boolean {
  estimator ??= new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
  const known = words.slice(0, WORDS_MAX).map((word) => word.slice(0, WORD_LENGTH_MAX));
  const { score } = estimator.check(password.slice(0, ESTIMATED_LENGTH), ['parley', 'chat', ...known]);
  return score < LEAST_SCORE;
}

// The whole thread: one estimate after another, returned in the order of the requests.
parentPort?.on('message', ({ password, words }: EstimateTask) => {
  parentPort!.postMessage(isGuessable(password, words));
});
