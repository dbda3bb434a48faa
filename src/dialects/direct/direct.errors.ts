import type { ErrorDeclaration } from '../../platform/errors/app-error.js';
import { type DetailFields, detailsSchema, flag, optional, text } from '../../platform/errors/error-details.js';
import type { PresentedError } from '../../platform/errors/error-formats.js';
import {
  defineErrorFormat,
  type DialectErrors,
  fieldProblemsOf,
  objectSchema,
  STRING_SCHEMA,
} from '../error-format.js';

const UNAUTHORIZED = 'unauthorized';
const INVALID_TOKEN = 'Invalid or expired token';

/** `{error: {code, message, details}}` with the code in lower case. */
const FORMAT = defineErrorFormat({
  name: 'direct',
  codes: {
    AUTHENTICATION_REQUIRED: UNAUTHORIZED,
    REFRESH_TOKEN_INVALID: UNAUTHORIZED,
    ROUTE_NOT_FOUND: 'not_found',
  },
  defaultCode: ({ code }) => code.toLowerCase(),
  messages: {
    AUTHENTICATION_REQUIRED: INVALID_TOKEN,
    REFRESH_TOKEN_INVALID: INVALID_TOKEN,
    VALIDATION_ERROR: 'Invalid request data',
    RATE_LIMIT_EXCEEDED: 'Too many requests',
  },
  details: (error, code) => {
    if (code === UNAUTHORIZED) return { token_expired: error.details.token_expired === true };
    if (error.code !== 'VALIDATION_ERROR') return error.details;
    // Of several fields the first one is named; all of them are added.
    const problems = fieldProblemsOf(error);
    return { ...problems[0], errors: problems };
  },
  body: (translated) => ({ error: translated }),
  schema: (error, code) => {
    const details = detailsSchema(detailsOf(error, code));
    return objectSchema({
      error: objectSchema({ code: { ...STRING_SCHEMA, enum: [code] }, message: STRING_SCHEMA, details }),
    });
  },
});

function detailsOf({ code: own, details }: ErrorDeclaration, code: string): DetailFields {
  if (code === UNAUTHORIZED) return { token_expired: flag('The token was valid, but has expired') };
  if (own !== 'VALIDATION_ERROR') return details;
  return { field: optional(text('The first field')), reason: optional(text('Its problem')), ...details };
}

const BETA = /^\/v2(?:\/|$)/;

const BETA_REFUSAL: PresentedError = {
  status: 403,
  body: { error: { code: 'permission_denied', message: 'This version requires special access', details: {} } },
};

/** `/v2` is a beta version without public access. */
export const DIRECT_ERRORS: DialectErrors = {
  ...FORMAT,
  present: (error, request) =>
    BETA.test(request.originalUrl.split('?')[0]!) ? BETA_REFUSAL : FORMAT.present(error, request),
};
