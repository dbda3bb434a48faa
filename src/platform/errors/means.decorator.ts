import type { ErrorClass } from './throws.decorator.js';

/** What a receiver of an error is told in the documents. */
export interface Meaning {
  readonly meaning: string;
  readonly remedy: string;
}

const meanings = new Map<ErrorClass, Meaning>();

/** What a declared error means, and what its receiver can do; OpenAPI and docs/errors.md have it from here. */
export const Means =
  (meaning: string, remedy: string): ClassDecorator =>
  (error) =>
    void meanings.set(error as unknown as ErrorClass, { meaning, remedy });

/** @throws Error for an error nobody has said the meaning of */
export function meaningOf(error: ErrorClass): Meaning {
  const known = meanings.get(error);
  if (!known) throw new Error(`Nobody says what ${error.name} means.`);
  return known;
}

/** Every declared error of the program. */
export function declaredErrors(): ErrorClass[] {
  return [...meanings.keys()];
}
