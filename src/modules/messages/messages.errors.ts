import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The message does not exist, or the caller is not in its conversation.', 'Treat it as deleted.')
export class MessageNotFound extends AppError {
  readonly code = 'MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such message.');
  }
}

@ErrorDoc(
  'The caller already has `details.limit` message searches running in this process.',
  'Wait until they end, or cancel them.',
)
export class TooManySearches extends AppError {
  readonly code = 'TOO_MANY_SEARCHES';
  readonly status = 429;

  constructor(limit: number) {
    super('Too many searches at once.', { limit, retry_after: 1 });
  }
}

/** The length is counted in code points, after the content was sanitized. */
@ErrorDoc(
  'The content is longer than `details.max_length` code points (`CONTENT_MAX_LENGTH`).',
  'Shorten it, or send several.',
)
export class ContentTooLong extends AppError {
  readonly code = 'CONTENT_TOO_LONG';
  readonly status = 400;

  constructor(length: number, maxLength: number) {
    super(`The content is longer than ${maxLength} characters.`, { length, max_length: maxLength });
  }
}

@ErrorDoc('Only the server sends `system` messages.', 'Send `text`, `image` or `file`.')
export class InvalidMessageType extends AppError {
  readonly code = 'INVALID_MESSAGE_TYPE';
  readonly status = 400;

  constructor() {
    super('Messages of this type cannot be sent by a client.');
  }
}

@ErrorDoc('The message is deleted, or it is a system message.', 'Load the message again.')
export class MessageNotEditable extends AppError {
  readonly code = 'MESSAGE_NOT_EDITABLE';
  readonly status = 409;

  constructor() {
    super('This message can no longer be changed.');
  }
}

@ErrorDoc(
  'The conversation is in slow mode and the sender has just posted, edited or reacted.',
  'Wait `details.retry_after` seconds.',
)
export class SlowMode extends AppError {
  readonly code = 'SLOW_MODE';
  readonly status = 429;

  constructor(retryAfterSeconds: number) {
    super('This conversation is in slow mode.', { retry_after: retryAfterSeconds });
  }
}

@ErrorDoc(
  'A content rule of the installation or of the conversation rejects this text; `details.reason` is the rule’s public reason.',
  'Display the reason; change the text.',
)
export class ContentRejected extends AppError {
  readonly code = 'CONTENT_REJECTED';
  readonly status = 422;

  constructor(reason: string | null) {
    super(reason ?? 'This text is not allowed here.', { reason });
  }
}

/**
 * Not a mistake of the sender, and not a message yet. A repeat with the same `client_message_id` is the same held send.
 */
@ErrorDoc(
  'Accepted, but held for a moderator. Other users do not see it, and no message exists, until it is released.',
  'Display it as pending. A repeat with the same key is the same held message.',
)
export class HeldForReview extends AppError {
  readonly code = 'HELD_FOR_REVIEW';
  readonly status = 202;

  constructor(heldId: string) {
    super('A moderator will review this message before it is published.', { held_id: heldId });
  }
}

@ErrorDoc('A message can have at most `details.limit` different reactions.', 'Use one of the existing ones.')
export class TooManyReactions extends AppError {
  readonly code = 'TOO_MANY_REACTIONS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A message can have at most ${limit} different reactions.`, { limit });
  }
}
