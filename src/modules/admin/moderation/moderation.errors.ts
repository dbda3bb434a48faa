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

/** There is no such message, user or conversation, or none that the reporter can see. */
export class ReportTargetNotFound extends AppError {
  readonly code = 'REPORT_TARGET_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('There is nothing by this id that you could report.');
  }
}

/** The same person reports the same thing once until it is decided. */
export class AlreadyReported extends AppError {
  readonly code = 'ALREADY_REPORTED';
  readonly status = 409;

  constructor() {
    super('You have reported this already; somebody will look at it.');
  }
}

export class ReportNotFound extends AppError {
  readonly code = 'REPORT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such report.');
  }
}

/** Another moderator has it in hand. */
export class ReportClaimed extends AppError {
  readonly code = 'REPORT_CLAIMED';
  readonly status = 409;

  constructor(claimedUntil: string | null) {
    super('Another moderator has claimed this report.', { claimed_until: claimedUntil });
  }
}

/** It has been decided; what was done stays done. */
export class ReportResolved extends AppError {
  readonly code = 'REPORT_RESOLVED';
  readonly status = 409;

  constructor() {
    super('This report has been resolved.');
  }
}

/** What is reported cannot be dealt with in this way. */
export class OutcomeNotPossible extends AppError {
  readonly code = 'OUTCOME_NOT_POSSIBLE';
  readonly status = 409;

  constructor() {
    super('This outcome is not possible for what was reported.');
  }
}
