import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc(
  'Another room has this slug (`details.field` is `slug`). Slugs are unique across public and private rooms; the response does not say which room has it.',
  'Choose another one.',
)
export class SlugTaken extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor() {
    super('This slug is taken.', { field: 'slug' });
  }
}
