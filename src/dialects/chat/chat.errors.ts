import { type AppError, type ErrorDetails, RateLimitExceeded } from '../../platform/errors/app-error.js';
import { detailsSchema, integer, optional } from '../../platform/errors/error-details.js';
import type { FrameError } from '../../platform/realtime/protocol/packet.js';
import { defineErrorFormat, objectSchema, STRING_SCHEMA } from '../error-format.js';

/** The body of a translated error, over HTTP and sockets alike. */
export function bodyOf({ code, message, details }: FrameError, requestId: string): object {
  return { error: true, message, code, details, timestamp: new Date().toISOString(), request_id: requestId };
}

/** The numbers of an exceeded rate limit, which only responses contain; empty for every other error. */
function limitNumbersOf(error: AppError): ErrorDetails {
  if (!(error instanceof RateLimitExceeded) || !error.spent) return {};
  const { limit, windowSeconds: window, resetAt: reset } = error.spent;
  return { limit, window, remaining: 0, reset };
}

const LIMIT_NUMBERS = {
  limit: optional(integer('Permitted calls in a window')),
  window: optional(integer('Length of the window in seconds')),
  remaining: optional(integer('Always 0')),
  reset: optional(integer('Epoch second of the next permitted call')),
};

export const CHAT_ERRORS = defineErrorFormat({
  name: 'chat',
  codes: {
    AUTHENTICATION_REQUIRED: 'AUTHENTICATION_ERROR',
    INVALID_CREDENTIALS: 'AUTHENTICATION_ERROR',
    PERMISSION_DENIED: 'AUTHORIZATION_ERROR',
    CONTENT_TOO_LONG: 'VALIDATION_ERROR',
    INVALID_MESSAGE_TYPE: 'VALIDATION_ERROR',
    INVALID_FRAME: 'VALIDATION_ERROR',
  },
  defaultCode: ({ code }) => (code.endsWith('_NOT_FOUND') ? 'RESOURCE_NOT_FOUND' : code),
  body: (translated, error, { requestId }) =>
    bodyOf({ ...translated, details: { ...translated.details, ...limitNumbersOf(error) } }, requestId),
  schema: ({ details }, code) =>
    objectSchema({
      error: { type: 'boolean', enum: [true] },
      message: { ...STRING_SCHEMA, description: 'For humans; may change' },
      code: { ...STRING_SCHEMA, enum: [code] },
      details: detailsSchema(code === 'RATE_LIMIT_EXCEEDED' ? { ...details, ...LIMIT_NUMBERS } : details),
      timestamp: { ...STRING_SCHEMA, format: 'date-time' },
      request_id: { ...STRING_SCHEMA, description: 'As in the `X-Request-Id` header' },
    }),
});
