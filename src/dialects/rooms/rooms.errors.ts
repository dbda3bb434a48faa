import { defineError, type ErrorDeclaration } from '../../platform/errors/app-error.js';
import { type DetailFields, detailsSchema, optional, text, oneOf } from '../../platform/errors/error-details.js';
import type { FrameError } from '../../platform/realtime/protocol/packet.js';
import { defineErrorFormat, fieldProblemsOf, objectSchema, STRING_SCHEMA } from '../error-format.js';

export class SessionNotFound extends defineError('SESSION_NOT_FOUND', 404, {
  message: 'No such session.',
  meaning: 'The socket session does not exist, or has ended.',
  action: 'Create another session.',
}) {}

/** The body of a response, and the data of an `error` frame, for a translated error. */
export function bodyOf({ code, message, details }: FrameError): object {
  return { error_code: code, error_message: message, details };
}

export const ROOMS_ERRORS = defineErrorFormat({
  name: 'rooms',
  codes: {
    INVALID_FRAME: 'VALIDATION_ERROR',
    UNKNOWN_FRAME_TYPE: 'VALIDATION_ERROR',
    CONTENT_TOO_LONG: 'VALIDATION_ERROR',
    AUTHENTICATION_REQUIRED: 'AUTHENTICATION_ERROR',
    AUTHENTICATION_TIMEOUT: 'AUTHENTICATION_ERROR',
    TOKEN_EXPIRED: 'AUTHENTICATION_ERROR',
    SESSION_EXPIRED: 'AUTHENTICATION_ERROR',
    SESSION_REVOKED: 'AUTHENTICATION_ERROR',
    ACCOUNT_BANNED: 'PERMISSION_DENIED',
    CONVERSATION_NOT_FOUND: 'ROOM_NOT_FOUND',
  },
  // Of several fields the first one is named as in the documented sample, and all of them are under `errors`. `cause`
  // is our own code if the dialect has a wider one.
  details: (error, code) => {
    const [first] = fieldProblemsOf(error);
    return {
      ...(first && { field: first.field, issue: first.reason }),
      ...error.details,
      ...(code !== error.code && { cause: error.code }),
    };
  },
  body: bodyOf,
  schema: (error, code) =>
    objectSchema({
      error_code: { ...STRING_SCHEMA, enum: [code] },
      error_message: { ...STRING_SCHEMA, description: 'For humans; may change' },
      details: detailsSchema(detailsOf(error, code)),
    }),
});

function detailsOf({ code: own, details }: ErrorDeclaration, code: string): DetailFields {
  return {
    ...(own === 'VALIDATION_ERROR' && {
      field: optional(text('The first field')),
      issue: optional(text('Its problem')),
    }),
    ...details,
    ...(code !== own && { cause: oneOf('The more precise code', own) }),
  };
}
