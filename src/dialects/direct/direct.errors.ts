import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { AppError, ErrorDetails, FieldProblem } from '../../platform/errors/app-error.js';
import { ErrorFormats, type PresentedError } from '../../platform/errors/error-formats.js';

const PATHS = /^\/(?:api|v1|v1\/api)\/(?:auth|users|groups|webhooks)(?:\/|$)|^\/(?:api|v1|v1\/api)\/messages\/?$/;
const VERSIONED = /^\/v[12](?:\/|$)/;
const BETA = /^\/v2(?:\/|$)/;
/** A path of this shape that belongs to another dialect. */
const FOREIGN = /^\/api\/users\/status\/?$/;

/** Whether a path belongs to this dialect; `/v2` is a beta version without public access. */
export function isDirectPath(path: string): boolean {
  return (PATHS.test(path) && !FOREIGN.test(path)) || VERSIONED.test(path);
}

/** The error codes that this dialect renames; all others are ours in lower case. */
const CODES: Record<string, string> = {
  AUTHENTICATION_REQUIRED: 'unauthorized',
  REFRESH_TOKEN_INVALID: 'unauthorized',
  ROUTE_NOT_FOUND: 'not_found',
};
const MESSAGES: Record<string, string> = {
  AUTHENTICATION_REQUIRED: 'Invalid or expired token',
  REFRESH_TOKEN_INVALID: 'Invalid or expired token',
  VALIDATION_ERROR: 'Invalid request data',
  RATE_LIMIT_EXCEEDED: 'Too many requests',
};

/** Errors as `{error: {code, message, details}}` with the code in lower case. */
@Injectable()
export class DirectErrors implements OnModuleInit {
  constructor(private readonly formats: ErrorFormats) {}

  onModuleInit(): void {
    this.formats.register({
      takes: isDirectPath,
      documented: { name: 'direct', schema },
      present: (error, { originalUrl }) => (BETA.test(originalUrl.split('?')[0]!) ? BETA_REFUSAL : presentError(error)),
    });
  }
}

const text = { type: 'string' };

function schema(codes: readonly string[]): object {
  const details = { type: 'object', additionalProperties: true };
  const properties = { code: { ...text, enum: codes }, message: text, details };
  const error = { type: 'object', required: Object.keys(properties), properties };
  return { type: 'object', required: ['error'], properties: { error } };
}

const BETA_REFUSAL: PresentedError = {
  status: 403,
  body: { error: { code: 'permission_denied', message: 'This version requires special access', details: {} } },
};

export function presentError(error: AppError): PresentedError {
  return { status: error.status, body: { error: toDirectError(error) } };
}

/** Converts an error to the format of this dialect, for responses and frames. */
export function toDirectError({ code, message, details }: Pick<AppError, 'code' | 'message' | 'details'>): {
  code: string;
  message: string;
  details: ErrorDetails;
} {
  return {
    code: CODES[code] ?? code.toLowerCase(),
    message: MESSAGES[code] ?? message,
    details: detailsOf(code, details),
  };
}

/** Of several fields the first one is named; all of them are added. */
function detailsOf(code: string, details: ErrorDetails): ErrorDetails {
  if (CODES[code] === 'unauthorized') return { token_expired: details.token_expired === true };
  if (code !== 'VALIDATION_ERROR') return details;
  const problems = (details.errors as FieldProblem[] | undefined) ?? [];
  return { ...problems[0], errors: problems };
}
