import { SetMetadata, type Type } from '@nestjs/common';
import type { AppError } from './app-error.js';

export const THROWS = 'parley:throws';

/** A declared error. Its code and status do not depend on the arguments of its constructor. */
export type ErrorClass = new (...details: never[]) => AppError;

export interface ErrorCode {
  readonly code: string;
  readonly status: number;
}

/**
 * Declares the errors that this route (or every route of the controller) may return, for the generated documents. Errors
 * that any route may return are not repeated here.
 */
export const Throws = (...errors: ErrorClass[]): ClassDecorator & MethodDecorator => SetMetadata(THROWS, errors);

/** The code and status of an error class. */
export function codeOf(error: ErrorClass): ErrorCode {
  const { code, status } = new (error as unknown as Type<AppError>)();
  return { code, status };
}
