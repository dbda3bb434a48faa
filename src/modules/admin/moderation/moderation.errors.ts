import { defineError } from '../../../platform/errors/app-error.js';
import { FIELD_DETAILS, LIMIT_DETAILS, nullable, text } from '../../../platform/errors/error-details.js';

export class ContentRuleNotFound extends defineError('CONTENT_RULE_NOT_FOUND', 404, {
  message: 'No such rule.',
  meaning: 'The rule does not exist in this scope.',
  action: 'Treat it as gone.',
}) {}

export class ContentRuleExists extends defineError('ALREADY_EXISTS', 409, {
  message: 'A rule for this pattern exists already.',
  meaning: 'The scope already has a rule of this kind for this pattern (`details.field` is `pattern`).',
  action: 'Change the existing rule.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'pattern' }) },
}) {}

export class TooManyContentRules extends defineError('TOO_MANY_CONTENT_RULES', 409, {
  message: (limit: number) => `There can be at most ${limit} rules here.`,
  meaning: 'The installation, or the conversation, has the maximum number of rules (`details.limit`).',
  action: 'Delete a rule.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}

export class HeldMessageNotFound extends defineError('HELD_MESSAGE_NOT_FOUND', 404, {
  message: 'No such held message.',
  meaning: 'The held message does not exist in this queue.',
  action: 'Treat it as gone.',
}) {}

export class HeldMessageDecided extends defineError('HELD_MESSAGE_DECIDED', 409, {
  message: 'This message has already been decided on.',
  meaning: 'A moderator has already released or dropped the message.',
  action: 'Load the queue again.',
}) {}

export class HeldMessageNotSendable extends defineError('HELD_MESSAGE_NOT_SENDABLE', 409, {
  message: 'This message cannot be sent any more.',
  meaning: 'The message could not be sent now: `details.reason` is the error code that its sender would receive.',
  action: 'Drop the message.',
  details: { fields: { reason: text('The code of that error') }, of: (reason: string) => ({ reason }) },
}) {}

export class ReportTargetNotFound extends defineError('REPORT_TARGET_NOT_FOUND', 404, {
  message: 'There is nothing to report with this id.',
  meaning: 'The message, user or conversation does not exist, or the reporter may not see it.',
  action: 'Do not try again.',
}) {}

export class AlreadyReported extends defineError('ALREADY_REPORTED', 409, {
  message: 'You have reported this already; a moderator will review it.',
  meaning: 'The user has already reported this target, and the report is not decided yet.',
  action: 'Show the user that the report is being reviewed.',
}) {}

export class ReportNotFound extends defineError('REPORT_NOT_FOUND', 404, {
  message: 'No such report.',
  meaning: 'The report does not exist.',
  action: 'Treat it as gone.',
}) {}

export class ReportClaimed extends defineError('REPORT_CLAIMED', 409, {
  message: 'Another moderator has claimed this report.',
  meaning: 'Another moderator has claimed the report until `details.claimed_until`.',
  action: 'Claim another report.',
  details: {
    fields: { claimed_until: nullable(text('Time at which the claim ends')) },
    of: (claimedUntil: string | null) => ({ claimed_until: claimedUntil }),
  },
}) {}

export class ReportResolved extends defineError('REPORT_RESOLVED', 409, {
  message: 'This report has been resolved.',
  meaning: 'The report has already been resolved; its outcome stays.',
  action: 'Load the report again.',
}) {}

export class OutcomeNotPossible extends defineError('OUTCOME_NOT_POSSIBLE', 409, {
  message: 'This outcome is not possible for what was reported.',
  meaning: 'The outcome does not apply to the target of the report.',
  action: 'Choose another outcome.',
}) {}
