import { AppError } from '../../../platform/errors/app-error.js';

/** There is no such rule in this place. */
export class ContentRuleNotFound extends AppError {
  readonly code = 'CONTENT_RULE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such rule.');
  }
}

/** The place has a rule of this kind for this pattern already. */
export class ContentRuleExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor() {
    super('There is a rule for this already.', { field: 'pattern' });
  }
}

/** The installation, or a conversation, takes at most so many rules. */
export class TooManyContentRules extends AppError {
  readonly code = 'TOO_MANY_CONTENT_RULES';
  readonly status = 409;

  constructor(limit: number) {
    super(`There can be at most ${limit} rules here.`, { limit });
  }
}

/** There is no such held message in this queue. */
export class HeldMessageNotFound extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such held message.');
  }
}

/** Somebody has released or dropped it before. */
export class HeldMessageDecided extends AppError {
  readonly code = 'HELD_MESSAGE_DECIDED';
  readonly status = 409;

  constructor() {
    super('This message has been decided on.');
  }
}

/** As things are now it could not be sent: `details.reason` is the code its sender would be answered. */
export class HeldMessageNotSendable extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_SENDABLE';
  readonly status = 409;

  constructor(reason: string) {
    super('This message cannot be sent any more.', { reason });
  }
}
