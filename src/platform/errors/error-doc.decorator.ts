import type { ErrorClass } from './throws.decorator.js';

/** What a receiver of an error is told in the documents. */
export interface ErrorDocumentation {
  readonly meaning: string;
  readonly action: string;
}

const meanings = new Map<ErrorClass, ErrorDocumentation>();

/** What a declared error means, and what its receiver can do; OpenAPI and docs/errors.md have it from here. */
export const ErrorDoc =
  (meaning: string, remedy: string): ClassDecorator =>
  (error) =>
    void meanings.set(error as unknown as ErrorClass, { meaning, action: remedy });

/** @throws Error for an error nobody has said the meaning of */
export function errorDocOf(error: ErrorClass): ErrorDocumentation {
  const known = meanings.get(error);
  if (!known) throw new Error(`Nobody says what ${error.name} means.`);
  return known;
}

/** Every declared error of the program. */
export function declaredErrors(): ErrorClass[] {
  return [...meanings.keys()];
}
