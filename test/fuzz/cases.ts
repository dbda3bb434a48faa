import { Random } from '../chaos/random.js';
import { mutated } from './mutation.js';
import type { Parser } from './parsers.js';
import type { Samples } from './samples.js';

/** The file of one case: the same in every run, independent of the other cases. */
export function fileOf({ name, kinds, make }: Parser, samples: Samples, seed: number, number: number): Buffer {
  const random = new Random(seedOf(`${name} ${seed} ${number}`));
  if (make) return make(random);
  const chosen = kinds ? kinds.flatMap((kind) => samples[kind] ?? []) : Object.values(samples).flat();
  return mutated(chosen, random);
}

/** FNV-1a. */
function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
