import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long one piece of work occupies the event loop before other requests run. */
const TURN_MS = 4;

/** Work that can be interrupted wherever it yields, at least every millisecond; it returns its result. */
export type Steps<Result> = Generator<undefined, Result, undefined>;

/** Runs the work without a pause. */
export function runSync<Result>(steps: Steps<Result>): Result {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Runs the work in turns of 4 ms, between which the event loop runs; work that fits into one turn is synchronous. */
export function runInTurns<Result>(steps: Steps<Result>): Result | Promise<Result> {
  const end = performance.now() + TURN_MS;
  let step = steps.next();
  while (!step.done) {
    if (performance.now() >= end) return continueInTurns(steps);
    step = steps.next();
  }
  return step.value;
}

/**
 * An `async` function, whose promise is a `Promise` of this program: callers distinguish it from a result by its class.
 */
async function continueInTurns<Result>(steps: Steps<Result>): Promise<Result> {
  await nextTurn();
  return runInTurns(steps);
}

/** Processes items one after the other and returns their results. */
export function* mapInSteps<Item, Result>(items: Iterable<Item>, work: (item: Item) => Steps<Result>): Steps<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(yield* work(item));
    yield;
  }
  return results;
}
