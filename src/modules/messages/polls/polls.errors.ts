import { defineError } from '../../../platform/errors/app-error.js';

export class PollNotFound extends defineError('POLL_NOT_FOUND', 404, {
  message: 'This message has no poll.',
  meaning: 'The message has no poll.',
  action: 'Load the message again.',
}) {}

export class PollClosed extends defineError('POLL_CLOSED', 409, {
  message: 'This poll is closed.',
  meaning: 'The poll was closed, or its `closes_at` has passed.',
  action: 'Show the result.',
}) {}
