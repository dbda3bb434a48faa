import type { Cost } from './meter.js';

/** What a parser may cost: a constant for each file, and a share for each byte. */
const BOUNDS: Readonly<Record<keyof Cost, readonly [any: number, each: number]>> = {
  steps: [20_000, 20],
  reads: [100, 1 / 64],
  bytesRead: [64 * 1024, 8],
  allocated: [2 * 1024 * 1024, 32],
};

const MEASURES = Object.keys(BOUNDS) as (keyof Cost)[];

export function boundOf(measure: keyof Cost, size: number): number {
  const [any, each] = BOUNDS[measure];
  return any + each * size;
}

/** Describes the bound that was exceeded; undefined if none was. */
export function excessOf(cost: Cost, size: number): string | undefined {
  const measure = MEASURES.find((one) => cost[one] > boundOf(one, size));
  return measure && `${cost[measure]} ${measure} for ${size} bytes, at most ${Math.floor(boundOf(measure, size))}`;
}

/** The highest used share of each bound, in percent. */
export function sharesOf(cost: Cost, size: number): Record<keyof Cost, number> {
  const share = (one: keyof Cost): number => Math.round((100 * cost[one]) / boundOf(one, size));
  return { steps: share('steps'), reads: share('reads'), bytesRead: share('bytesRead'), allocated: share('allocated') };
}
