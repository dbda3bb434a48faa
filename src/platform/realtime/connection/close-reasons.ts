import {
  AccountBanned,
  type AppError,
  InternalError,
  RateLimitExceeded,
  ServiceUnavailable,
} from '../../errors/app-error.js';
import { TooManyConnections } from '../realtime.errors.js';

/** Why a connection is closed. The hundreds of the code determine what its client should do; see `reconnects`. */
export interface CloseReason {
  readonly code: number;
  /** The code of the `error` frame that is sent before the close. */
  readonly error: string;
  readonly message: string;
  /** Details of that frame, besides the close code. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export const CLOSE_REASONS = {
  restart: { code: 1012, error: 'SERVER_RESTART', message: 'The server restarts. Reconnect.' },
  overload: { code: 1013, error: 'SERVICE_UNAVAILABLE', message: 'The server is busy. Reconnect later.' },
  failed: { code: 4000, error: 'INTERNAL_ERROR', message: 'Something went wrong on our side. Reconnect.' },
  noPong: { code: 4002, error: 'HEARTBEAT_MISSED', message: 'No pong arrived in time. Reconnect.' },
  slow: { code: 4008, error: 'TOO_SLOW', message: 'The connection does not read. Reconnect and resume.' },
  tokenExpired: { code: 4101, error: 'TOKEN_EXPIRED', message: 'The access token has expired. Get a new one.' },
  sessionExpired: { code: 4101, error: 'SESSION_EXPIRED', message: 'The session has expired. Log in again.' },
  noAuth: { code: 4301, error: 'AUTHENTICATION_TIMEOUT', message: 'No valid credential was received in time.' },
  tooManyErrors: { code: 4305, error: 'TOO_MANY_ERRORS', message: 'Too many invalid frames.' },
  rateAbuse: { code: 4308, error: 'RATE_LIMIT_EXCEEDED', message: 'Too many requests beyond the limits.' },
  tooManyConnections: { code: 4309, error: 'TOO_MANY_CONNECTIONS', message: 'Too many connections of this user.' },
  revoked: { code: 4401, error: 'SESSION_REVOKED', message: 'The session was ended.' },
  banned: { code: 4403, error: 'ACCOUNT_BANNED', message: 'This account is banned.' },
  replaced: { code: 4413, error: 'SESSION_REPLACED', message: 'Another connection has replaced this one.' },
} as const satisfies Record<string, CloseReason>;

/** The close reason of a code. An unknown code gets the given reason. */
export function closeReasonByCode(code: number, reason: string): CloseReason {
  const known = Object.values<CloseReason>(CLOSE_REASONS).find((reason) => reason.code === code);
  return { code, error: known?.error ?? 'CONNECTION_CLOSED', message: reason };
}

/**
 * Whether a client may reconnect on its own: restarts and 40xx. Higher codes require a new token, a delay or a person.
 */
export function reconnects(code: number): boolean {
  return code < 4100;
}

/** The close reason of a connection that could not be opened. */
export function closeReasonFor(error: AppError): CloseReason {
  if (error instanceof AccountBanned) return CLOSE_REASONS.banned;
  if (error instanceof RateLimitExceeded) return CLOSE_REASONS.rateAbuse;
  if (error instanceof TooManyConnections) return CLOSE_REASONS.tooManyConnections;
  if (error instanceof ServiceUnavailable) return CLOSE_REASONS.overload;
  if (error instanceof InternalError) return CLOSE_REASONS.failed;
  return CLOSE_REASONS.revoked;
}
