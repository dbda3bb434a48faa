import { defineError } from '../../platform/errors/app-error.js';
import {
  integer,
  LIMIT_DETAILS,
  nullable,
  oneOf,
  RETRY_AFTER_DETAILS,
  text,
} from '../../platform/errors/error-details.js';

export class MessageNotFound extends defineError('MESSAGE_NOT_FOUND', 404, {
  message: 'No such message.',
  meaning: 'The message does not exist, or the caller is not in its conversation.',
  action: 'Treat it as deleted.',
}) {}

export class TooManySearches extends defineError('TOO_MANY_SEARCHES', 429, {
  message: 'Too many searches at once.',
  meaning: 'The caller already has `details.limit` message searches running in this process.',
  action: 'Wait until they end, or cancel them.',
  details: { fields: { ...LIMIT_DETAILS, ...RETRY_AFTER_DETAILS }, of: (limit: number) => ({ limit, retry_after: 1 }) },
}) {}

/** The length is counted in code points, after the content was sanitized. */
export class ContentTooLong extends defineError('CONTENT_TOO_LONG', 400, {
  message: (_length: number, maxLength: number) => `The content is longer than ${maxLength} characters.`,
  meaning:
    'The content is longer than `details.max_length` code points (`CONTENT_MAX_LENGTH`, or `settings.message_length_max` of the conversation).',
  action: 'Shorten it, or send several.',
  details: {
    fields: { length: integer('Code points of the content'), max_length: integer('The maximum') },
    of: (length: number, maxLength: number) => ({ length, max_length: maxLength }),
  },
}) {}

export class InvalidAudience extends defineError('INVALID_AUDIENCE', 400, {
  message: (reason: 'direct_conversation' | 'not_participants') =>
    reason === 'not_participants'
      ? 'Not all users in visible_to are participants of this conversation.'
      : 'A message of a direct conversation is visible to both users.',
  meaning:
    'The message cannot be limited to the users in `visible_to`: the conversation is direct (`details.reason` is `direct_conversation`), or some of them are not its participants (`not_participants`).',
  action: 'Load the participants again, or send without `visible_to`.',
  details: {
    fields: { reason: oneOf('Why', 'direct_conversation', 'not_participants') },
    of: (reason: 'direct_conversation' | 'not_participants') => ({ reason }),
  },
}) {}

export class InvalidMessageType extends defineError('INVALID_MESSAGE_TYPE', 400, {
  message: 'Messages of this type cannot be sent by a client.',
  meaning: 'Only the server and server keys send `system` messages.',
  action: 'Send `text`, `image` or `file`.',
}) {}

/** For reads, which skip the messages that the reader has deleted for themselves. */
export class TooManyHiddenMessages extends defineError('TOO_MANY_HIDDEN_MESSAGES', 409, {
  message: (limit: number) => `You have deleted ${limit} messages of this conversation for yourself.`,
  meaning: 'The caller has deleted `details.limit` messages of the conversation for themselves.',
  action: 'Clear the history (`POST /conversations/{id}/clear`) instead.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}

export class MessageNotEditable extends defineError('MESSAGE_NOT_EDITABLE', 409, {
  message: 'This message can no longer be changed.',
  meaning: 'The message is deleted, or it is a system message.',
  action: 'Load the message again.',
}) {}

export class SlowMode extends defineError('SLOW_MODE', 429, {
  message: 'This conversation is in slow mode.',
  meaning: 'The conversation is in slow mode and the sender has just posted, edited or reacted.',
  action: 'Wait `details.retry_after` seconds.',
  details: {
    fields: RETRY_AFTER_DETAILS,
    of: (retryAfterSeconds: number) => ({ retry_after: retryAfterSeconds }),
  },
}) {}

export class ContentRejected extends defineError('CONTENT_REJECTED', 422, {
  message: (reason: string | null) => reason ?? 'This text is not allowed here.',
  meaning:
    'A content rule of the installation or of the conversation, or the check of the host product, rejects this text; `details.reason` is the public reason.',
  action: 'Display the reason; change the text.',
  details: {
    fields: { reason: nullable(text('Public reason; null if there is none')) },
    of: (reason: string | null) => ({ reason }),
  },
}) {}

/**
 * Not a mistake of the sender, and not a message yet. A repeat with the same `client_message_id` is the same held send.
 */
export class HeldForReview extends defineError('HELD_FOR_REVIEW', 202, {
  message: 'A moderator will review this message before it is published.',
  meaning:
    'Accepted, but held for a moderator. Other users do not see it, and no message exists, until it is released.',
  action: 'Display it as pending. A repeat with the same key is the same held message.',
  details: { fields: { held_id: text('The id of the held message') }, of: (heldId: string) => ({ held_id: heldId }) },
}) {}

/**
 * The host's check fails, and messages it does not decide on are rejected. A repeat with the same key is asked again.
 */
export class CheckUnavailable extends defineError('CHECK_UNAVAILABLE', 503, {
  message: 'Messages cannot be checked at the moment.',
  meaning:
    'The installation has its messages checked by the host product before they are stored, and the check does not respond. Nothing was stored.',
  action: 'Repeat the send with the same `client_message_id` after `details.retry_after` seconds.',
  details: { fields: RETRY_AFTER_DETAILS, of: () => ({ retry_after: 5 }) },
}) {}

export class TooManyReactions extends defineError('TOO_MANY_REACTIONS', 409, {
  message: (limit: number) => `A message can have at most ${limit} different reactions.`,
  meaning: 'A message can have at most `details.limit` different reactions.',
  action: 'Use one of the existing ones.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}
