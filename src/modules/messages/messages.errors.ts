import { AppError } from '../../platform/errors/app-error.js';

/** There is no such message, or it is in a conversation the actor is not in. */
export class MessageNotFound extends AppError {
  readonly code = 'MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such message.');
  }
}

/** Longer than CONTENT_MAX_LENGTH, counted in code points after the content rule. */
export class ContentTooLong extends AppError {
  readonly code = 'CONTENT_TOO_LONG';
  readonly status = 400;

  constructor(length: number, maxLength: number) {
    super(`The content is longer than ${maxLength} characters.`, { length, max_length: maxLength });
  }
}

/** `system` messages are the server's own. */
export class InvalidMessageType extends AppError {
  readonly code = 'INVALID_MESSAGE_TYPE';
  readonly status = 400;

  constructor() {
    super('Messages of this type cannot be sent by a client.');
  }
}

/** A deleted message stays deleted; a message of the server cannot be changed. */
export class MessageNotEditable extends AppError {
  readonly code = 'MESSAGE_NOT_EDITABLE';
  readonly status = 409;

  constructor() {
    super('This message can no longer be changed.');
  }
}

/** The conversation is in slow mode and the sender has just posted; `retry_after` is in whole seconds. */
export class SlowMode extends AppError {
  readonly code = 'SLOW_MODE';
  readonly status = 429;

  constructor(retryAfterSeconds: number) {
    super('This conversation is in slow mode.', { retry_after: retryAfterSeconds });
  }
}

/** A rule of the installation or of the conversation refuses this text; `reason` is what its makers say of it. */
export class ContentRejected extends AppError {
  readonly code = 'CONTENT_REJECTED';
  readonly status = 422;

  constructor(reason: string | null) {
    super(reason ?? 'This text is not allowed here.', { reason });
  }
}

/**
 * Accepted, but a moderator looks at it first: until then nobody else sees it. Not an error of the sender's, and not a
 * message yet; the same `client_message_id` again is the same held send.
 */
export class HeldForReview extends AppError {
  readonly code = 'HELD_FOR_REVIEW';
  readonly status = 202;

  constructor(heldId: string) {
    super('A moderator will look at this message before it is shown.', { held_id: heldId });
  }
}

/** A message takes at most so many different reactions. */
export class TooManyReactions extends AppError {
  readonly code = 'TOO_MANY_REACTIONS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A message takes at most ${limit} different reactions.`, { limit });
  }
}
