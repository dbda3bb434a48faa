import { defineError } from '../../platform/errors/app-error.js';
import { FIELD_DETAILS } from '../../platform/errors/error-details.js';

export class SlugTaken extends defineError('ALREADY_EXISTS', 409, {
  message: 'This slug is taken.',
  meaning:
    'Another room has this slug (`details.field` is `slug`). Slugs are unique across public and private rooms; the response does not say which room has it.',
  action: 'Choose another one.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'slug' }) },
}) {}
