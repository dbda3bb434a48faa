import { SetMetadata, type Type } from '@nestjs/common';
import type { AppError } from './app-error.js';

export const THROWS = 'parley:throws';

/** A declared error. Its code and status do not depend on what it is made with. */
export type ErrorClass = new (...details: never[]) => AppError;

export interface ErrorCode {
  readonly code: string;
  readonly status: number;
}

/**
 * The errors of the modules that this route (or every route of the controller) may answer with, for the generated
 * documents. Those any route may answer with are not said again.
 */
export const Throws = (...errors: ErrorClass[]): ClassDecorator & MethodDecorator => SetMetadata(THROWS, errors);

/** What a client sees of an error of this class. */
export function codeOf(error: ErrorClass): ErrorCode {
  const { code, status } = new (error as unknown as Type<AppError>)();
  return { code, status };
}
