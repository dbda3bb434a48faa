import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type AppError,
  type FieldProblem,
  RateLimitExceeded,
  ValidationError,
} from '../../platform/errors/app-error.js';
import { ErrorFormats, type PresentedError } from '../../platform/errors/error-formats.js';
import { FileTooLarge, InvalidFileType } from '../../modules/files/files.errors.js';

const ADDRESSES = /^\/api\/(?:messaging(?:\/|$)|csrf\/?$)/;

/** `{error: "text", code, details}`; for a rate limit also its numbers. */
export function presentError(error: AppError): PresentedError {
  const code = codeOf(error);
  const details = error instanceof ValidationError ? byField(error) : error.details;
  if (error instanceof RateLimitExceeded) {
    const { retryAfterSeconds, spent } = error;
    const numbers = { retry_after: retryAfterSeconds, limit: spent?.limit ?? 0, remaining: 0 };
    return { status: 429, body: { error: 'Rate limit exceeded', ...numbers, code, details } };
  }
  const isRefusedFile = error instanceof FileTooLarge || error instanceof InvalidFileType;
  return { status: isRefusedFile ? 400 : error.status, body: { error: error.message, code, details } };
}

/** An unknown message type has the same code as one that clients may not send. */
export function codeOf({ code, details }: Pick<AppError, 'code' | 'details'>): string {
  const problems = code === 'VALIDATION_ERROR' ? (details.errors as FieldProblem[] | undefined) : undefined;
  return problems?.some(({ field }) => field === 'message_type') ? 'INVALID_MESSAGE_TYPE' : code;
}

/** Maps field names to problems; those of the whole input are under `request`. */
function byField({ details }: ValidationError): Record<string, string> {
  const problems = (details.errors ?? []) as FieldProblem[];
  return Object.fromEntries(problems.map(({ field, reason }) => [field || 'request', reason]));
}

const text = { type: 'string' };
const schema = (codes: readonly string[]): object => ({
  type: 'object',
  required: ['error', 'code', 'details'],
  properties: {
    error: { ...text, description: 'For humans; may change' },
    code: { ...text, enum: codes },
    details: { type: 'object', additionalProperties: true, description: 'Problems by field' },
    ...(codes.includes('RATE_LIMIT_EXCEEDED') && {
      retry_after: { type: 'integer', description: 'Seconds' },
      limit: { type: 'integer' },
      remaining: { type: 'integer' },
    }),
  },
});

/** The error format on the paths of this dialect. */
@Injectable()
export class MessagingErrors implements OnModuleInit {
  constructor(private readonly formats: ErrorFormats) {}

  onModuleInit(): void {
    this.formats.register({
      takes: (path) => ADDRESSES.test(path),
      present: presentError,
      documented: { name: 'messaging', schema },
    });
  }
}
