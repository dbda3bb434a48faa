import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type AppError, RateLimitExceeded } from '../../platform/errors/app-error.js';
import { ErrorFormats, type PresentedError } from '../../platform/errors/error-formats.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';

const ADDRESSES = /^\/(?:$|test-db\/?$|(?:users|messages|files|admin)(?:\/|$))/;

/** The error codes that this dialect renames; all others stay. */
const CODES: Record<string, string> = {
  AUTHENTICATION_REQUIRED: 'AUTHENTICATION_ERROR',
  INVALID_CREDENTIALS: 'AUTHENTICATION_ERROR',
  PERMISSION_DENIED: 'AUTHORIZATION_ERROR',
  CONTENT_TOO_LONG: 'VALIDATION_ERROR',
  INVALID_MESSAGE_TYPE: 'VALIDATION_ERROR',
  INVALID_FRAME: 'VALIDATION_ERROR',
};

export interface ChatProblem {
  readonly code: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

/** The body of an error, over HTTP and sockets alike. */
export function bodyOf({ code, message, details }: ChatProblem, requestId: string): object {
  return {
    error: true,
    message,
    code: codeOf(code),
    details,
    timestamp: new Date().toISOString(),
    request_id: requestId,
  };
}

function codeOf(code: string): string {
  return code.endsWith('_NOT_FOUND') ? 'RESOURCE_NOT_FOUND' : (CODES[code] ?? code);
}

export function presentError(error: AppError, { requestId }: Pick<ParleyRequest, 'requestId'>): PresentedError {
  const { status, code, message } = error;
  return { status, body: bodyOf({ code, message, details: detailsOf(error) }, requestId) };
}

/** For a rate limit, all its numbers. */
function detailsOf(error: AppError): Record<string, unknown> {
  if (!(error instanceof RateLimitExceeded) || !error.spent) return error.details;
  const { limit, windowSeconds: window, resetAt: reset } = error.spent;
  return { ...error.details, limit, window, remaining: 0, reset };
}

const text = { type: 'string' };
const schema = (codes: readonly string[]): object => ({
  type: 'object',
  required: ['error', 'message', 'code', 'details', 'timestamp', 'request_id'],
  properties: {
    error: { type: 'boolean', enum: [true] },
    message: { ...text, description: 'For humans; may change' },
    code: { ...text, enum: codes },
    details: { type: 'object', additionalProperties: true, description: '`errors` for VALIDATION_ERROR' },
    timestamp: { ...text, format: 'date-time' },
    request_id: { ...text, description: 'As in the `X-Request-Id` header' },
  },
});

/** The error format on the paths of this dialect. */
@Injectable()
export class ChatErrors implements OnModuleInit {
  constructor(private readonly formats: ErrorFormats) {}

  onModuleInit(): void {
    this.formats.register({
      takes: (path) => ADDRESSES.test(path),
      present: presentError,
      documented: { name: 'chat', schema },
    });
  }
}
