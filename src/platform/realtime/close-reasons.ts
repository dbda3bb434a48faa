import {
  AccountBanned,
  type AppError,
  InternalError,
  RateLimitExceeded,
  ServiceUnavailable,
} from '../errors/app-error.js';
import { TooManyConnections } from './realtime.errors.js';

/** Why a connection ends, and what its client should do: the hundreds of the code say it (see `reconnects`). */
export interface CloseReason {
  readonly code: number;
  /** The code of the `error` frame that goes before the close. */
  readonly error: string;
  readonly message: string;
  /** Of that frame, beside the close code. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export const CLOSE_REASONS = {
  restart: { code: 1012, error: 'SERVER_RESTART', message: 'The server restarts. Reconnect.' },
  overload: { code: 1013, error: 'SERVICE_UNAVAILABLE', message: 'The server is busy. Reconnect later.' },
  failed: { code: 4000, error: 'INTERNAL_ERROR', message: 'Something went wrong on our side. Reconnect.' },
  noPong: { code: 4002, error: 'HEARTBEAT_MISSED', message: 'No pong came in time. Reconnect.' },
  slow: { code: 4008, error: 'TOO_SLOW', message: 'The connection does not read. Reconnect and resume.' },
  tokenExpired: { code: 4101, error: 'TOKEN_EXPIRED', message: 'The access token has expired. Get a new one.' },
  sessionExpired: { code: 4101, error: 'SESSION_EXPIRED', message: 'The session has expired. Log in again.' },
  noAuth: { code: 4301, error: 'AUTHENTICATION_TIMEOUT', message: 'No valid credential came in time.' },
  tooManyErrors: { code: 4305, error: 'TOO_MANY_ERRORS', message: 'Too many invalid frames.' },
  rateAbuse: { code: 4308, error: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests beyond the limits.' },
  tooManyConnections: { code: 4309, error: 'TOO_MANY_CONNECTIONS', message: 'Too many connections of this user.' },
  revoked: { code: 4401, error: 'SESSION_REVOKED', message: 'The session was ended.' },
  banned: { code: 4403, error: 'ACCOUNT_BANNED', message: 'This account is banned.' },
  replaced: { code: 4413, error: 'SESSION_REPLACED', message: 'Another connection took the place of this one.' },
} as const satisfies Record<string, CloseReason>;

/** The farewell that belongs to a code; codes of others get the reason they came with. */
export function closeReasonByCode(code: number, reason: string): CloseReason {
  const known = Object.values<CloseReason>(CLOSE_REASONS).find((reason) => reason.code === code);
  return { code, error: known?.error ?? 'CONNECTION_CLOSED', message: reason };
}

/** Whether a client may come back by itself: restarts and 40xx. Past that it needs a token, patience or a human. */
export function reconnects(code: number): boolean {
  return code < 4100;
}

/** How a connection ends that could not be opened. */
export function closeReasonFor(error: AppError): CloseReason {
  if (error instanceof AccountBanned) return CLOSE_REASONS.banned;
  if (error instanceof RateLimitExceeded) return CLOSE_REASONS.rateAbuse;
  if (error instanceof TooManyConnections) return CLOSE_REASONS.tooManyConnections;
  if (error instanceof ServiceUnavailable) return CLOSE_REASONS.overload;
  if (error instanceof InternalError) return CLOSE_REASONS.failed;
  return CLOSE_REASONS.revoked;
}
