import { parentPort } from 'node:worker_threads';
import { isGuessable } from './password-estimator.js';
import type { EstimateTask } from './password-strength.service.js';

// The whole thread: one estimate after another, answered in the order of the requests.
parentPort!.on('message', ({ password, words }: EstimateTask) => {
  parentPort!.postMessage(isGuessable(password, words));
});
