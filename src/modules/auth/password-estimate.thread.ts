import { parentPort } from 'node:worker_threads';
import { isGuessable } from './password-estimator.js';
import type { EstimateTask } from './password-strength.service.js';

// The whole thread: one estimate after another, each answered in the order asked.
parentPort!.on('message', ({ password, words }: EstimateTask) => {
  parentPort!.postMessage(isGuessable(password, words));
});
