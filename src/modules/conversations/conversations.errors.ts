import { AppError } from '../../platform/errors/app-error.js';

/** Another room has this slug. */
export class SlugTaken extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor() {
    super('This slug is taken.', { field: 'slug' });
  }
}
