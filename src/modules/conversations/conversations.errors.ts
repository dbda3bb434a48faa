import { defineError } from '../../platform/errors/app-error.js';
import { FIELD_DETAILS, LIMIT_DETAILS } from '../../platform/errors/error-details.js';

/** Under a hold nothing is deleted, by anyone: it has to be released first. */
export class LegalHold extends defineError('LEGAL_HOLD', 409, {
  message: 'This is under a legal hold and cannot be deleted.',
  meaning: 'An admin has placed the conversation, or a user in it, under a legal hold.',
  action: 'Do not try again; an admin has to release the hold first.',
}) {}

export class LegalHoldNotFound extends defineError('LEGAL_HOLD_NOT_FOUND', 404, {
  message: 'No such legal hold.',
  meaning: 'The legal hold does not exist.',
  action: 'Treat it as gone.',
}) {}

export class SlugTaken extends defineError('ALREADY_EXISTS', 409, {
  message: 'This slug is taken.',
  meaning:
    'Another room has this slug (`details.field` is `slug`). Slugs are unique across public and private rooms; the response does not say which room has it.',
  action: 'Choose another one.',
  details: { fields: FIELD_DETAILS, of: () => ({ field: 'slug' }) },
}) {}

export class ConversationTypeNotFound extends defineError('CONVERSATION_TYPE_NOT_FOUND', 404, {
  message: 'No such conversation type.',
  meaning: 'There is no conversation type with this name.',
  action: 'Load the conversation types again.',
}) {}

export class ConversationTypeExists extends defineError('CONVERSATION_TYPE_EXISTS', 409, {
  message: 'There is a conversation type with this name.',
  meaning: 'Another conversation type has this name.',
  action: 'Choose another name, or change the existing type.',
}) {}

export class ConversationTypeInUse extends defineError('CONVERSATION_TYPE_IN_USE', 409, {
  message: 'This conversation type has conversations, or is one of the four that Parley needs.',
  meaning: '`direct`, `group`, `room`, `broadcast` and types with conversations, deleted ones too, cannot be deleted.',
  action: 'Change the settings of the type instead.',
}) {}

export class TooManyConversationTypes extends defineError('TOO_MANY_CONVERSATION_TYPES', 409, {
  message: (limit: number) => `There can be at most ${limit} conversation types.`,
  meaning: 'There can be at most `details.limit` conversation types.',
  action: 'Delete one that has no conversations.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
