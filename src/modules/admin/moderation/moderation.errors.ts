import { AppError } from '../../../platform/errors/app-error.js';
import { ErrorDoc } from '../../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The rule does not exist in this scope.', 'Treat it as gone.')
export class ContentRuleNotFound extends AppError {
  readonly code = 'CONTENT_RULE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such rule.');
  }
}

@ErrorDoc(
  'The scope already has a rule of this kind for this pattern (`details.field` is `pattern`).',
  'Change the existing rule.',
)
export class ContentRuleExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor() {
    super('A rule for this pattern exists already.', { field: 'pattern' });
  }
}

@ErrorDoc('The installation, or the conversation, has the maximum number of rules (`details.limit`).', 'Delete a rule.')
export class TooManyContentRules extends AppError {
  readonly code = 'TOO_MANY_CONTENT_RULES';
  readonly status = 409;

  constructor(limit: number) {
    super(`There can be at most ${limit} rules here.`, { limit });
  }
}

@ErrorDoc('The held message does not exist in this queue.', 'Treat it as gone.')
export class HeldMessageNotFound extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such held message.');
  }
}

@ErrorDoc('A moderator has already released or dropped the message.', 'Load the queue again.')
export class HeldMessageDecided extends AppError {
  readonly code = 'HELD_MESSAGE_DECIDED';
  readonly status = 409;

  constructor() {
    super('This message has already been decided on.');
  }
}

@ErrorDoc(
  'The message could not be sent now: `details.reason` is the error code that its sender would receive.',
  'Drop the message.',
)
export class HeldMessageNotSendable extends AppError {
  readonly code = 'HELD_MESSAGE_NOT_SENDABLE';
  readonly status = 409;

  constructor(reason: string) {
    super('This message cannot be sent any more.', { reason });
  }
}

@ErrorDoc('The message, user or conversation does not exist, or the reporter may not see it.', 'Do not try again.')
export class ReportTargetNotFound extends AppError {
  readonly code = 'REPORT_TARGET_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('There is nothing to report with this id.');
  }
}

@ErrorDoc(
  'The user has already reported this target, and the report is not decided yet.',
  'Show the user that the report is being reviewed.',
)
export class AlreadyReported extends AppError {
  readonly code = 'ALREADY_REPORTED';
  readonly status = 409;

  constructor() {
    super('You have reported this already; a moderator will review it.');
  }
}

@ErrorDoc('The report does not exist.', 'Treat it as gone.')
export class ReportNotFound extends AppError {
  readonly code = 'REPORT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such report.');
  }
}

@ErrorDoc('Another moderator has claimed the report until `details.claimed_until`.', 'Claim another report.')
export class ReportClaimed extends AppError {
  readonly code = 'REPORT_CLAIMED';
  readonly status = 409;

  constructor(claimedUntil: string | null) {
    super('Another moderator has claimed this report.', { claimed_until: claimedUntil });
  }
}

@ErrorDoc('The report has already been resolved; its outcome stays.', 'Load the report again.')
export class ReportResolved extends AppError {
  readonly code = 'REPORT_RESOLVED';
  readonly status = 409;

  constructor() {
    super('This report has been resolved.');
  }
}

@ErrorDoc('The outcome does not apply to the target of the report.', 'Choose another outcome.')
export class OutcomeNotPossible extends AppError {
  readonly code = 'OUTCOME_NOT_POSSIBLE';
  readonly status = 409;

  constructor() {
    super('This outcome is not possible for what was reported.');
  }
}
