import type { ErrorClass } from './throws.decorator.js';

/** The documentation of an error for API clients. */
export interface ErrorDocumentation {
  readonly meaning: string;
  readonly action: string;
}

const documented = new Map<ErrorClass, ErrorDocumentation>();

/** Declares the meaning of an error and what a client can do; the source of OpenAPI and docs/errors.md. */
export const ErrorDoc =
  (meaning: string, action: string): ClassDecorator =>
  (error) =>
    void documented.set(error as unknown as ErrorClass, { meaning, action });

/** @throws Error for an error without `@ErrorDoc` */
export function errorDocOf(error: ErrorClass): ErrorDocumentation {
  const known = documented.get(error);
  if (!known) throw new Error(`${error.name} has no @ErrorDoc.`);
  return known;
}

/** Every declared error of the program. */
export function declaredErrors(): ErrorClass[] {
  return [...documented.keys()];
}
