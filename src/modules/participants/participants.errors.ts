import { defineError, PermissionDenied } from '../../platform/errors/app-error.js';
import { FEATURES, type Feature } from './conversation-settings.constants.js';
import { FIELD_DETAILS, LIMIT_DETAILS, oneOf } from '../../platform/errors/error-details.js';

export class ConversationNotFound extends defineError('CONVERSATION_NOT_FOUND', 404, {
  message: 'No such conversation.',
  meaning: 'The conversation does not exist, was deleted, or is hidden from the caller.',
  action: 'Treat it as deleted.',
}) {}

export class ParticipantNotFound extends defineError('PARTICIPANT_NOT_FOUND', 404, {
  message: 'This user is not a participant of the conversation.',
  meaning: 'The user is not a participant of the conversation.',
  action: 'Load the participants again.',
}) {}

/**
 * The caller is not a participant of a conversation that exists and is not hidden from them. A dialect, which is
 * another wire protocol (src/dialects), has its own message for it.
 */
export class NotAParticipant extends PermissionDenied {
  constructor() {
    super('You are not in this conversation.');
  }
}

export class DirectConversationFixed extends defineError('DIRECT_CONVERSATION_FIXED', 409, {
  message: 'A direct conversation cannot be changed in this way; archive it instead.',
  meaning: 'A direct conversation always has the same two participants, and neither title nor roles.',
  action: 'Archive it instead.',
}) {}

export class ConversationFrozen extends defineError('CONVERSATION_FROZEN', 403, {
  message: 'This conversation is frozen.',
  meaning: 'Only moderators may write here for now; participants may still read.',
  action: 'Wait for `conversation.updated`.',
}) {}

/** What users read whose role is lower than the setting `send_role`. */
export const SEND_ROLE_REQUIRED = 'Your role may not write in this conversation.';

export class FeatureDisabled extends defineError('FEATURE_DISABLED', 403, {
  message: (feature: Feature) => `This conversation does not allow ${FEATURE_NAMES[feature]}.`,
  meaning: 'The conversation type or the settings of the conversation have switched this feature off.',
  action: 'Hide the feature: `settings` of the conversation has its switches.',
  details: {
    fields: { feature: oneOf('The setting that is false', ...FEATURES) },
    of: (feature: Feature) => ({ feature }),
  },
}) {}

const FEATURE_NAMES: Record<Feature, string> = {
  typing: 'typing indicators',
  receipts: 'receipts',
  presence: 'presence',
  member_events: 'events about members',
  reactions: 'reactions',
  custom_reactions: 'reactions other than emoji',
  multiple_reactions: 'several reactions of one user',
  threads: 'threads',
  polls: 'polls',
  forwarding: 'forwarding of messages',
  streaming: 'streaming messages',
  uploads: 'files',
  links: 'links',
  link_previews: 'link previews',
  mention_all: 'mentions of all participants',
};

export class ReasonRequired extends defineError('REASON_REQUIRED', 403, {
  message: 'By system role this requires a `reason`; it is audited, and the participants see it.',
  meaning: 'Entering or opening a private conversation by system role requires a reason, which the participants see.',
  action: 'Repeat the request with `reason`.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'reason' }) },
}) {}

export class TooManyParticipants extends defineError('TOO_MANY_PARTICIPANTS', 409, {
  message: (limit: number) => `A conversation can have at most ${limit} participants.`,
  meaning: 'A conversation can have at most `details.limit` participants.',
  action: 'Create another one.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
