import { defineError } from '../../platform/errors/app-error.js';
import { FIELD_DETAILS } from '../../platform/errors/error-details.js';

/** Under a hold nothing is deleted, by anyone: it has to be released first. */
export class LegalHold extends defineError('LEGAL_HOLD', 409, {
  message: 'This is under a legal hold and cannot be deleted.',
  meaning: 'An admin has placed the conversation, or a user in it, under a legal hold.',
  action: 'Do not try again; an admin has to release the hold first.',
}) {}

export class LegalHoldNotFound extends defineError('LEGAL_HOLD_NOT_FOUND', 404, {
  message: 'No such legal hold.',
  meaning: 'The legal hold does not exist.',
  action: 'Treat it as gone.',
}) {}

export class SlugTaken extends defineError('ALREADY_EXISTS', 409, {
  message: 'This slug is taken.',
  meaning:
    'Another room has this slug (`details.field` is `slug`). Slugs are unique across public and private rooms; the response does not say which room has it.',
  action: 'Choose another one.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'slug' }) },
}) {}
