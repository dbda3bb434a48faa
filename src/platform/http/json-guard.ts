import { ValidationError } from '../errors/app-error.js';

export const MAX_DEPTH = 20;
export const MAX_KEYS = 1000;
/** Names that reach into an object's prototype when somebody merges without looking. */
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses parsed JSON that is made to hurt: too deep, too many keys, names of prototypes, and text PostgreSQL cannot
 * store (NUL, lone surrogates). Bodies and frames pass it before anything else looks at them.
 * @throws ValidationError
 */
export function requireSafeJson(value: unknown): void {
  let keys = 0;
  // A stack of our own: the input decides the depth.
  const open: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value: current, path, depth } = next;
    if (typeof current === 'string') requireStorableText(current, path);
    if (typeof current !== 'object' || current === null) continue;
    if (depth >= MAX_DEPTH) throw ValidationError.of('', `may be nested at most ${MAX_DEPTH} levels deep`);
    if (Array.isArray(current)) {
      for (const element of current) open.push({ value: element, path, depth: depth + 1 });
      continue;
    }
    for (const [key, member] of Object.entries(current)) {
      if (++keys > MAX_KEYS) throw ValidationError.of('', `may have at most ${MAX_KEYS} keys`);
      if (FORBIDDEN_KEYS.has(key)) throw ValidationError.of(path, 'has a key that is not allowed');
      requireStorableText(key, path);
      open.push({ value: member, path: path ? `${path}.${key}` : key, depth: depth + 1 });
    }
  }
}

function requireStorableText(text: string, path: string): void {
  if (text.includes('\0') || !text.isWellFormed()) {
    throw ValidationError.of(path, 'holds a NUL or half of a surrogate pair');
  }
}
