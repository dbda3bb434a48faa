import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The conversation does not exist, was deleted, or is hidden from the caller.', 'Treat it as deleted.')
export class ConversationNotFound extends AppError {
  readonly code = 'CONVERSATION_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such conversation.');
  }
}

@ErrorDoc('The user is not a participant of the conversation.', 'Load the participants again.')
export class ParticipantNotFound extends AppError {
  readonly code = 'PARTICIPANT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('This user is not a participant of the conversation.');
  }
}

@ErrorDoc(
  'A direct conversation always has the same two participants, and neither title nor roles.',
  'Archive it instead.',
)
export class DirectConversationFixed extends AppError {
  readonly code = 'DIRECT_CONVERSATION_FIXED';
  readonly status = 409;

  constructor() {
    super('A direct conversation cannot be changed in this way; archive it instead.');
  }
}

@ErrorDoc('Only moderators may write here for now; participants may still read.', 'Wait for `conversation.updated`.')
export class ConversationFrozen extends AppError {
  readonly code = 'CONVERSATION_FROZEN';
  readonly status = 403;

  constructor() {
    super('This conversation is frozen.');
  }
}

@ErrorDoc(
  'Entering or opening a private conversation by system role requires a reason, which the participants see.',
  'Repeat the request with `reason`.',
)
export class ReasonRequired extends AppError {
  readonly code = 'REASON_REQUIRED';
  readonly status = 403;

  constructor() {
    super('By system role this requires a `reason`; it is audited, and the participants see it.', { field: 'reason' });
  }
}

@ErrorDoc('A conversation can have at most `details.limit` participants.', 'Create another one.')
export class TooManyParticipants extends AppError {
  readonly code = 'TOO_MANY_PARTICIPANTS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A conversation can have at most ${limit} participants.`, { limit });
  }
}
