import { SetMetadata } from '@nestjs/common';
import type { ErrorClass } from './app-error.js';

export const THROWS = 'parley:throws';

/**
 * Declares the errors that this route (or every route of the controller) may return, for the generated documents.
 * Errors that any route may return are not repeated here.
 */
export const Throws = (...errors: ErrorClass[]): ClassDecorator & MethodDecorator => SetMetadata(THROWS, errors);
