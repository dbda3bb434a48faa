import { defineError } from '../../../platform/errors/app-error.js';
import { LIMIT_DETAILS } from '../../../platform/errors/error-details.js';

export class ScheduledMessageNotFound extends defineError('SCHEDULED_MESSAGE_NOT_FOUND', 404, {
  message: 'No such scheduled message.',
  meaning: 'The caller has no scheduled message with this id. It may have been sent.',
  action: 'Load the list of scheduled messages again.',
}) {}

export class ScheduledMessageSending extends defineError('SCHEDULED_MESSAGE_SENDING', 409, {
  message: 'This message is being sent.',
  meaning: 'The time of the scheduled message has come, and it is being sent.',
  action: 'Wait for the message; edit or delete it then.',
}) {}

export class TooManyScheduledMessages extends defineError('TOO_MANY_SCHEDULED_MESSAGES', 409, {
  message: (limit: number) => `You can have at most ${limit} scheduled messages.`,
  meaning: 'A user can have at most `details.limit` scheduled messages, failed ones included.',
  action: 'Delete one, or wait until one has been sent.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
