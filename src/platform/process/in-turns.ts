import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one piece of work holds the event loop before other requests get their turn. */
const TURN_MS = 4;

/** Work that can be interrupted wherever it yields, which is at least every millisecond; it returns its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Does the work without a pause. */
export function atOnce<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Does the work in turns of 4 ms, between which the event loop does what else is due; at once what fits into one. */
export function inTurns<Result>(steps: Steps<Result>): Result | Promise<Result> {
  const end = performance.now() + TURN_MS;
  let step = steps.next();
  while (!step.done) {
    if (performance.now() >= end) return nextTurn().then(() => inTurns(steps));
    step = steps.next();
  }
  return step.value;
}

/** The results of work on one after the other. */
export function* eachInSteps<Item, Result>(
  items: Iterable<Item>,
  work: (item: Item) => Steps<Result>,
): Steps<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(yield* work(item));
    yield;
  }
  return results;
}
