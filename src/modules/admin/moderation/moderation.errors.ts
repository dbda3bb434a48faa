import { AppError } from '../../../platform/errors/app-error.js';
import { ErrorDoc } from '../../../platform/errors/error-doc.decorator.js';

@ErrorDoc('There is no such rule in this place.', 'Treat it as gone.')
export class ContentRuleNotFound extends AppError {
  readonly code = 'CONTENT_RULE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such rule.');
  }
}

@ErrorDoc('The place has a rule of this kind for this pattern (`details.field` is `pattern`).', 'Change that one.')
export class ContentRuleExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor() {
    super('There is a rule for this already.', { field: 'pattern' });
  }
}

@ErrorDoc('The installation, or a conversation, takes at most `details.limit` rules.', 'Delete one.')
export class TooManyContentRules extends AppError {
  readonly code = 'TOO_MANY_CONTENT_RULES';
  readonly status = 409;

  constructor(limit: number) {
    super(`There can be at most ${limit} rules here.`, { limit });
  }
}

@ErrorDoc('There is no such held message in this queue.', 'Treat it as gone.')
export class HeldMessageNotFound extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such held message.');
  }
}

@ErrorDoc('Somebody has released or dropped it before.', 'Load the queue anew.')
export class HeldMessageDecided extends AppError {
  readonly code = 'HELD_MESSAGE_DECIDED';
  readonly status = 409;

  constructor() {
    super('This message has been decided on.');
  }
}

@ErrorDoc(
  'As things are now it could not be sent: `details.reason` is the code its sender would be answered.',
  'Drop it.',
)
export class HeldMessageNotSendable extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_SENDABLE';
  readonly status = 409;

  constructor(reason: string) {
    super('This message cannot be sent any more.', { reason });
  }
}

@ErrorDoc('There is no such message, user or conversation, or none that the reporter can see.', 'Do not try again.')
export class ReportTargetNotFound extends AppError {
  readonly code = 'REPORT_TARGET_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('There is nothing by this id that you could report.');
  }
}

@ErrorDoc('The same person reports the same thing once until it is decided.', 'Show that it is being looked at.')
export class AlreadyReported extends AppError {
  readonly code = 'ALREADY_REPORTED';
  readonly status = 409;

  constructor() {
    super('You have reported this already; somebody will look at it.');
  }
}

@ErrorDoc('There is no such report.', 'Treat it as gone.')
export class ReportNotFound extends AppError {
  readonly code = 'REPORT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such report.');
  }
}

@ErrorDoc('Another moderator has it in hand, until `details.claimed_until`.', 'Take another one.')
export class ReportClaimed extends AppError {
  readonly code = 'REPORT_CLAIMED';
  readonly status = 409;

  constructor(claimedUntil: string | null) {
    super('Another moderator has claimed this report.', { claimed_until: claimedUntil });
  }
}

@ErrorDoc('It has been decided; what was done stays done.', 'Load the report anew.')
export class ReportResolved extends AppError {
  readonly code = 'REPORT_RESOLVED';
  readonly status = 409;

  constructor() {
    super('This report has been resolved.');
  }
}

@ErrorDoc('What is reported cannot be dealt with in this way.', 'Choose another outcome.')
export class OutcomeNotPossible extends AppError {
  readonly code = 'OUTCOME_NOT_POSSIBLE';
  readonly status = 409;

  constructor() {
    super('This outcome is not possible for what was reported.');
  }
}
