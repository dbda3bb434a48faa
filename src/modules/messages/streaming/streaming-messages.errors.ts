import { defineError } from '../../../platform/errors/app-error.js';
import { integer, LIMIT_DETAILS } from '../../../platform/errors/error-details.js';

export class StreamingOffset extends defineError('STREAMING_OFFSET', 409, {
  message: (expected: number) => `The text so far has ${expected} UTF-16 units.`,
  meaning:
    'Text before the `offset` of the append is missing, or the `length` of the finish is another: the text so far has `details.expected_offset` UTF-16 units.',
  action: 'Send the text from `details.expected_offset` on again.',
  details: {
    fields: { expected_offset: integer('UTF-16 units of the text so far') },
    of: (expected: number) => ({ expected_offset: expected }),
  },
}) {}

export class MessageNotStreaming extends defineError('MESSAGE_NOT_STREAMING', 409, {
  message: 'The text of this message is complete.',
  meaning: 'The message was sent as a whole, or its text has ended: `streaming_end` of the message says how.',
  action: 'Load the message again; edit it, or send another one.',
}) {}

export class MessageStreaming extends defineError('MESSAGE_STREAMING', 409, {
  message: 'The text of this message is still being written.',
  meaning: 'The message is a streaming message whose text has not ended.',
  action: 'Edit or forward it when its text has ended.',
}) {}

export class TooManyStreamingMessages extends defineError('TOO_MANY_STREAMING_MESSAGES', 409, {
  message: (limit: number) => `${limit} streaming messages of one user can be open.`,
  meaning: 'A user can have at most `details.limit` open streaming messages.',
  action: 'Finish or cancel one.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
