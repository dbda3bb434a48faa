import { AppError } from '../../platform/errors/app-error.js';

/** There is no such conversation, or there is none any more. */
export class ConversationNotFound extends AppError {
  readonly code = 'CONVERSATION_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such conversation.');
  }
}

/** That user does not take part in the conversation. */
export class ParticipantNotFound extends AppError {
  readonly code = 'PARTICIPANT_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('This user does not take part in the conversation.');
  }
}

/** A direct conversation has its two participants for ever, and neither title nor roles. */
export class DirectConversationFixed extends AppError {
  readonly code = 'DIRECT_CONVERSATION_FIXED';
  readonly status = 409;

  constructor() {
    super('A direct conversation cannot be changed in this way; archive it instead.');
  }
}

/** Only moderators may write here for now; reading goes on. */
export class ConversationFrozen extends AppError {
  readonly code = 'CONVERSATION_FROZEN';
  readonly status = 403;

  constructor() {
    super('This conversation is frozen.');
  }
}

/** A conversation takes at most so many participants. */
export class TooManyParticipants extends AppError {
  readonly code = 'TOO_MANY_PARTICIPANTS';
  readonly status = 409;

  constructor(limit: number) {
    super(`A conversation takes at most ${limit} participants.`, { limit });
  }
}
