import { RateLimitExceeded } from '../../platform/errors/app-error.js';
import { detailsSchema } from '../../platform/errors/error-details.js';
import { defineErrorFormat, fieldProblemsOf, objectSchema, STRING_SCHEMA } from '../error-format.js';

/** The codes that a problem of a field may have. */
const FIELD_ERRORS = ['VALIDATION_ERROR', 'INVALID_MESSAGE_TYPE'];

const PROBLEMS_SCHEMA = { type: 'object', additionalProperties: STRING_SCHEMA, description: 'Problems by field' };

/** `{error: "text", code, details}`; for a rate limit also its numbers. */
export const MESSAGING_ERRORS = defineErrorFormat({
  name: 'messaging',
  // An unknown message type has the same code as one that clients may not send.
  defaultCode: (error) =>
    error.code === 'VALIDATION_ERROR' && fieldProblemsOf(error).some(({ field }) => field === 'message_type')
      ? 'INVALID_MESSAGE_TYPE'
      : error.code,
  statuses: { FILE_TOO_LARGE: 400, INVALID_FILE_TYPE: 400 },
  // Problems by the names of fields; those of the whole input are under `request`.
  details: (error) =>
    error.code === 'VALIDATION_ERROR'
      ? Object.fromEntries(fieldProblemsOf(error).map(({ field, reason }) => [field || 'request', reason]))
      : error.details,
  body: ({ code, message, details }, error) => {
    if (!(error instanceof RateLimitExceeded)) return { error: message, code, details };
    const { retryAfterSeconds, spent } = error;
    const numbers = { retry_after: retryAfterSeconds, limit: spent?.limit ?? 0, remaining: 0 };
    return { error: 'Rate limit exceeded', ...numbers, code, details };
  },
  schema: ({ code: own, details }, code) =>
    objectSchema(
      {
        error: { ...STRING_SCHEMA, description: 'For humans; may change' },
        code: { ...STRING_SCHEMA, enum: [code] },
        details: FIELD_ERRORS.includes(own) ? PROBLEMS_SCHEMA : detailsSchema(details),
      },
      code === 'RATE_LIMIT_EXCEEDED'
        ? {
            retry_after: { type: 'integer', description: 'Seconds' },
            limit: { type: 'integer' },
            remaining: { type: 'integer' },
          }
        : {},
    ),
});
