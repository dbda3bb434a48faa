import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('There is no such message, or it is in a conversation the caller is not in.', 'Treat it as gone.')
export class MessageNotFound extends AppError {
  readonly code = 'MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such message.');
  }
}

@ErrorDoc(
  'The caller has `details.limit` searches of messages running already (in this process).',
  'Wait for their answers, or cancel them.',
)
export class TooManySearches extends AppError {
  readonly code = 'TOO_MANY_SEARCHES';
  readonly status = 429;

  constructor(limit: number) {
    super('Too many searches at once.', { limit, retry_after: 1 });
  }
}

/** Counted in code points after the content rule. */
@ErrorDoc('Longer than `details.max_length` code points (`CONTENT_MAX_LENGTH`).', 'Cut it, or send several.')
export class ContentTooLong extends AppError {
  readonly code = 'CONTENT_TOO_LONG';
  readonly status = 400;

  constructor(length: number, maxLength: number) {
    super(`The content is longer than ${maxLength} characters.`, { length, max_length: maxLength });
  }
}

@ErrorDoc('`system` messages are the server’s own.', 'Send `text`, `image` or `file`.')
export class InvalidMessageType extends AppError {
  readonly code = 'INVALID_MESSAGE_TYPE';
  readonly status = 400;

  constructor() {
    super('Messages of this type cannot be sent by a client.');
  }
}

@ErrorDoc('A deleted message stays deleted; a message of the server cannot be changed.', 'Load the message anew.')
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
  'A rule of the installation or of the conversation refuses this text; `details.reason` is what its makers say of it.',
  'Show the reason; change the text.',
)
export class ContentRejected extends AppError {
  readonly code = 'CONTENT_REJECTED';
  readonly status = 422;

  constructor(reason: string | null) {
    super(reason ?? 'This text is not allowed here.', { reason });
  }
}

/** Not an error of the sender’s, and not a message yet; the same `client_message_id` again is the same held send. */
@ErrorDoc(
  'Accepted, but a moderator looks at it first: until then nobody else sees it. No message yet.',
  'Show it as waiting; the same key again is the same held message.',
)
export class HeldForReview extends AppError {
  readonly code = 'HELD_FOR_REVIEW';
  readonly status = 202;

  constructor(heldId: string) {
    super('A moderator will look at this message before it is shown.', { held_id: heldId });
  }
}

@ErrorDoc('A message takes at most `details.limit` different reactions.', 'Use one that is there.')
export class TooManyReactions extends AppError {
  readonly code = 'TOO_MANY_REACTIONS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A message takes at most ${limit} different reactions.`, { limit });
  }
}
