import { Injectable, type OnModuleInit } from '@nestjs/common';
import { NotAParticipant } from '../../modules/participants/participants.errors.js';
import {
  type AppError,
  type FieldProblem,
  RateLimitExceeded,
  type SpentLimit,
  ValidationError,
} from '../../platform/errors/app-error.js';
import { ErrorFormats, type PresentedError } from '../../platform/errors/error-formats.js';
import type { ParleyRequest } from '../../platform/http/request-context.js';

const PATHS = /^\/api\/(?:conversations(?:\/|$)|messages\/[^/]|users\/status\/?$)/;
const SEND = /^\/api\/conversations\/[^/]+\/messages\/?(?:\?|$)/;

/** Whether a path belongs to this dialect. */
export function isClassroomPath(path: string): boolean {
  return PATHS.test(path);
}

/** The messages of this dialect that differ from ours. */
const MESSAGES: Record<string, string> = {
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
};
const STATUSES: Record<string, number> = { FILE_TOO_LARGE: 400, INVALID_FILE_TYPE: 400, MALWARE_DETECTED: 400 };

/** The names of our limits in this dialect. */
const LIMIT_TYPES: Record<string, string> = {
  'message.send': 'message_send',
  'conversation.create': 'conversation_create',
  upload: 'file_upload',
  connect: 'websocket_connection',
  call: 'general_api',
};

const text = { type: 'string' };
const count = { type: 'integer' };
const fieldProblem = { type: 'object', properties: { type: text, loc: { type: 'array', items: text }, msg: text } };
const rate_limit_info = {
  type: 'object',
  properties: {
    ...{ limit_type: text, current_count: count, limit: count, window: count, reset_time: count, remaining: count },
  },
};

function schema(codes: readonly string[]): object {
  const code = { ...text, enum: codes };
  if (codes.includes('RATE_LIMIT_EXCEEDED')) {
    const properties = {
      error: text,
      message: text,
      rate_limit_info,
      retry_after: { ...count, description: 'Seconds' },
    };
    return { type: 'object', required: [...Object.keys(properties), 'code'], properties: { ...properties, code } };
  }
  const detail = codes.includes('VALIDATION_ERROR') ? { type: 'array', items: fieldProblem } : text;
  return { type: 'object', required: ['detail', 'code'], properties: { detail, code } };
}

/**
 * Errors as `{detail}`; field errors in the format of FastAPI; exceeded limits with all their numbers. Our own `code`
 * is added, which does not depend on the message.
 */
@Injectable()
export class ClassroomErrors implements OnModuleInit {
  constructor(private readonly formats: ErrorFormats) {}

  onModuleInit(): void {
    this.formats.register({
      takes: isClassroomPath,
      present: presentError,
      documented: { name: 'classroom', schema },
    });
  }
}

/** The properties of a request that determine the format of its error. */
type RequestTarget = Pick<ParleyRequest, 'originalUrl' | 'method'>;

export function presentError(error: AppError, request: RequestTarget): PresentedError {
  if (error instanceof ValidationError) return invalid(error, problemsOf(error), request);
  if (error.code === 'CONTENT_TOO_LONG') return invalid(error, [{ field: 'content', reason: error.message }], request);
  if (error.status === 429) return limited(error);
  const body = { detail: detailOf(error, request), code: error.code };
  return { status: STATUSES[error.code] ?? error.status, body };
}

/** Returns the message of an error in this dialect; also used for sockets. */
export function translateMessage(error: Pick<AppError, 'code' | 'message'>): string {
  if (error instanceof NotAParticipant) return 'Not a participant in this conversation';
  return MESSAGES[error.code] ?? error.message;
}

function detailOf(error: AppError, { originalUrl, method }: RequestTarget): string {
  const isSend = method === 'POST' && SEND.test(originalUrl);
  if (isSend && error.code === 'INTERNAL_ERROR') return 'Failed to send message';
  return translateMessage(error);
}

function problemsOf({ details }: ValidationError): FieldProblem[] {
  return (details.errors as FieldProblem[] | undefined) ?? [];
}

function invalid({ code }: AppError, problems: FieldProblem[], { method }: RequestTarget): PresentedError {
  const location = method === 'GET' ? 'query' : 'body';
  const detail = problems.map(({ field, reason }) => ({
    type: 'value_error',
    loc: field === '' ? [location] : [location, ...field.split('.')],
    msg: reason,
  }));
  return { status: 422, body: { detail, code } };
}

function limited(error: AppError): PresentedError {
  const retryAfter = typeof error.details.retry_after === 'number' ? error.details.retry_after : 1;
  const { action, limit, windowSeconds, resetAt } = spentOf(error, retryAfter);
  const limitType = LIMIT_TYPES[action] ?? action;
  const body = {
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
  return { status: 429, body };
}

/** Slow mode is one message in so many seconds. */
function spentOf(error: AppError, retryAfter: number): SpentLimit {
  if (error instanceof RateLimitExceeded && error.spent) return error.spent;
  const resetAt = Math.ceil(Date.now() / 1000) + retryAfter;
  return { action: 'message.send', limit: 1, windowSeconds: retryAfter, resetAt };
}
