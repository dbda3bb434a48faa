import { NotAParticipant } from '../../modules/participants/participants.errors.js';
import {
  type AppError,
  type FieldProblem,
  RateLimitExceeded,
  type SpentLimit,
} from '../../platform/errors/app-error.js';
import {
  defineErrorFormat,
  type FailedRequest,
  fieldProblemsOf,
  objectSchema,
  STRING_SCHEMA,
} from '../error-format.js';

const SEND = /^\/api\/conversations\/[^/]+\/messages\/?(?:\?|$)/;

/** The names of our limits in this dialect. */
const LIMIT_TYPES: Record<string, string> = {
  'message.send': 'message_send',
  'conversation.create': 'conversation_create',
  upload: 'file_upload',
  connect: 'websocket_connection',
  call: 'general_api',
};

/**
 * Errors as `{detail}`; field errors in the format of FastAPI; exceeded limits with all their numbers. Our own `code`
 * is added, which does not depend on the message.
 */
export const CLASSROOM_ERRORS = defineErrorFormat({
  name: 'classroom',
  messages: {
    AUTHENTICATION_REQUIRED: 'Invalid token',
    CONVERSATION_NOT_FOUND: 'Conversation not found',
    MESSAGE_NOT_FOUND: 'Message not found',
    USER_NOT_FOUND: 'User not found',
    PARTICIPANT_NOT_FOUND: 'Participant not found',
    ROUTE_NOT_FOUND: 'Not Found',
    FILE_TOO_LARGE: 'File too large',
    INVALID_FILE_TYPE: 'File type not allowed',
    MALWARE_DETECTED: 'File type not allowed',
    INTERNAL_ERROR: 'Internal server error',
  },
  defaultMessage: (error) =>
    error instanceof NotAParticipant ? 'Not a participant in this conversation' : error.message,
  statuses: {
    VALIDATION_ERROR: 422,
    CONTENT_TOO_LONG: 422,
    FILE_TOO_LARGE: 400,
    INVALID_FILE_TYPE: 400,
    MALWARE_DETECTED: 400,
  },
  body: ({ message }, error, request) => {
    const { code, status } = error;
    if (code === 'VALIDATION_ERROR') return { detail: fastApiErrors(fieldProblemsOf(error), request), code };
    if (code === 'CONTENT_TOO_LONG') {
      return { detail: fastApiErrors([{ field: 'content', reason: message }], request), code };
    }
    if (status === 429) return limitBody(error);
    return { detail: code === 'INTERNAL_ERROR' && isSend(request) ? 'Failed to send message' : message, code };
  },
  schema: ({ status }, dialectCode) => {
    const code = { ...STRING_SCHEMA, enum: [dialectCode] };
    if (status === 429) {
      const retry_after = { ...INTEGER_SCHEMA, description: 'Seconds' };
      return objectSchema({
        error: STRING_SCHEMA,
        message: STRING_SCHEMA,
        rate_limit_info: RATE_LIMIT_SCHEMA,
        retry_after,
        code,
      });
    }
    return objectSchema({ detail: FIELD_ERRORS.includes(dialectCode) ? FIELDS_SCHEMA : STRING_SCHEMA, code });
  },
});

/** The codes of errors whose `detail` is a list of fields. */
const FIELD_ERRORS = ['VALIDATION_ERROR', 'CONTENT_TOO_LONG'];

const INTEGER_SCHEMA = { type: 'integer' };

const RATE_LIMIT_SCHEMA = {
  type: 'object',
  properties: {
    limit_type: STRING_SCHEMA,
    current_count: INTEGER_SCHEMA,
    limit: INTEGER_SCHEMA,
    window: INTEGER_SCHEMA,
    reset_time: INTEGER_SCHEMA,
    remaining: INTEGER_SCHEMA,
  },
};

const FIELDS_SCHEMA = {
  type: 'array',
  items: {
    type: 'object',
    properties: { type: STRING_SCHEMA, loc: { type: 'array', items: STRING_SCHEMA }, msg: STRING_SCHEMA },
  },
};

function isSend({ originalUrl, method }: FailedRequest): boolean {
  return method === 'POST' && SEND.test(originalUrl);
}

function fastApiErrors(problems: FieldProblem[], { method }: FailedRequest): object[] {
  const location = method === 'GET' ? 'query' : 'body';
  return problems.map(({ field, reason }) => ({
    type: 'value_error',
    loc: field === '' ? [location] : [location, ...field.split('.')],
    msg: reason,
  }));
}

function limitBody(error: AppError): object {
  const retryAfter = typeof error.details.retry_after === 'number' ? error.details.retry_after : 1;
  const { action, limit, windowSeconds, resetAt } = spentOf(error, retryAfter);
  const limitType = LIMIT_TYPES[action] ?? action;
  return {
    error: 'Rate limit exceeded',
    message: `Too many ${limitType} requests`,
    rate_limit_info: {
      limit_type: limitType,
      current_count: limit + 1,
      limit,
      window: windowSeconds,
      reset_time: resetAt,
      remaining: 0,
    },
    retry_after: retryAfter,
    code: error.code,
  };
}

/** Slow mode is one message in so many seconds. */
function spentOf(error: AppError, retryAfter: number): SpentLimit {
  if (error instanceof RateLimitExceeded && error.spent) return error.spent;
  const resetAt = Math.ceil(Date.now() / 1000) + retryAfter;
  return { action: 'message.send', limit: 1, windowSeconds: retryAfter, resetAt };
}
