import { defineError } from '../../../platform/errors/app-error.js';
import { LIMIT_DETAILS } from '../../../platform/errors/error-details.js';

export class TooManySavedMessages extends defineError('TOO_MANY_SAVED_MESSAGES', 409, {
  message: (limit: number) => `You can save at most ${limit} messages.`,
  meaning: 'A user can save at most `details.limit` messages.',
  action: 'Remove one from the saved messages.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
