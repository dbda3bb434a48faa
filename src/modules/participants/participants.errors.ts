import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc(
  'There is no such conversation, there is none any more, or the caller may not know of it.',
  'Treat it as gone.',
)
export class ConversationNotFound extends AppError {
  readonly code = 'CONVERSATION_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such conversation.');
  }
}

@ErrorDoc('That user does not take part in the conversation.', 'Load the participants anew.')
export class ParticipantNotFound extends AppError {
  readonly code = 'PARTICIPANT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('This user does not take part in the conversation.');
  }
}

@ErrorDoc(
  'A direct conversation has its two participants for ever, and neither title nor roles.',
  'Archive it instead.',
)
export class DirectConversationFixed extends AppError {
  readonly code = 'DIRECT_CONVERSATION_FIXED';
  readonly status = 409;

  constructor() {
    super('A direct conversation cannot be changed in this way; archive it instead.');
  }
}

@ErrorDoc('Only moderators may write here for now; reading goes on.', 'Wait for `conversation.updated`.')
export class ConversationFrozen extends AppError {
  readonly code = 'CONVERSATION_FROZEN';
  readonly status = 403;

  constructor() {
    super('This conversation is frozen.');
  }
}

@ErrorDoc(
  'A private conversation is entered or opened by system role only with a reason, which its participants see.',
  'Send it again with `reason`; the participants read it.',
)
export class ReasonRequired extends AppError {
  readonly code = 'REASON_REQUIRED';
  readonly status = 403;

  constructor() {
    super('By system role this takes a `reason`; it is audited, and the participants are told.', { field: 'reason' });
  }
}

@ErrorDoc('A conversation takes at most `details.limit` participants.', 'Open another one.')
export class TooManyParticipants extends AppError {
  readonly code = 'TOO_MANY_PARTICIPANTS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A conversation takes at most ${limit} participants.`, { limit });
  }
}
