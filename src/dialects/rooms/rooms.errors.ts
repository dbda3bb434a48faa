import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type AppError, defineError } from '../../platform/errors/app-error.js';
import { ErrorFormats, type PresentedError } from '../../platform/errors/error-formats.js';

const ADDRESSES = /^\/api\/(?:sessions|rooms)(?:\/|$)/;

export class SessionNotFound extends defineError('SESSION_NOT_FOUND', 404, {
  message: 'No such session.',
  meaning: 'The socket session does not exist, or has ended.',
  action: 'Create another session.',
}) {}

/** An error in the format of the dialect, for sockets and HTTP. */
export interface RoomsProblem {
  readonly error_code: string;
  readonly error_message: string;
  readonly details: Record<string, unknown>;
}

/** The error codes that this dialect renames; all others are ours. */
const CODES: Readonly<Record<string, string>> = {
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
};

/**
 * Of several fields the first one is named as in the documented sample, and all of them are under `errors`. `cause` is
 * our own code if the dialect has a wider one.
 */
export function problemOf(error: { code: string; message: string; details: Record<string, unknown> }): RoomsProblem {
  const { code, message, details } = error;
  const [first] = (details.errors as { field: string; reason: string }[] | undefined) ?? [];
  const mapped = CODES[code];
  return {
    error_code: mapped ?? code,
    error_message: message,
    details: {
      ...(first && { field: first.field, issue: first.reason }),
      ...details,
      ...(mapped !== undefined && mapped !== code && { cause: code }),
    },
  };
}

export function presentError(error: AppError): PresentedError {
  return { status: error.status, body: problemOf(error) };
}

const text = { type: 'string' };
const schema = (codes: readonly string[]): object => ({
  type: 'object',
  required: ['error_code', 'error_message', 'details'],
  properties: {
    error_code: { ...text, enum: codes },
    error_message: { ...text, description: 'For humans; may change' },
    details: { type: 'object', additionalProperties: true },
  },
});

/** The error format on the paths of this dialect: as in its sockets, without the envelope. */
@Injectable()
export class RoomsErrors implements OnModuleInit {
  constructor(private readonly formats: ErrorFormats) {}

  onModuleInit(): void {
    this.formats.register({
      takes: (path) => ADDRESSES.test(path),
      present: presentError,
      documented: { name: 'rooms', schema },
    });
  }
}
