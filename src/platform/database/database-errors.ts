import { AppError, ServiceUnavailable } from '../errors/app-error.js';

/** SQLSTATE classes and codes that mean "the database cannot answer now", not "the statement is wrong". */
const AWAY = /^(08|53|57P|58|40001|40P01|57014|55P03|25P0[34])/;
const AWAY_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|ECONNREFUSED|ECONNRESET|EPIPE|Client has encountered a connection error|pool after calling end|Query read timeout/;

/** The driver's own error, without a code. */
const UNANSWERED = 'Query read timeout';

/** Where PostgreSQL says that it is a standby; its message is in the language of the server. */
const RECOVERY_SOURCES = new Set(['xlogfuncs.c', 'lock.c', 'plancat.c']);
/** A function that only a primary has, and (feature not supported) an unlogged table, which a standby has no rows of. */
const RECOVERY_CODES = new Set(['55000', '0A000']);

interface DriverError {
  code?: unknown;
  file?: unknown;
  constraint?: unknown;
  message?: unknown;
}

/** Turns an outage of the database into `ServiceUnavailable` and leaves every other error as it is. */
export function toAppError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code, message } = error as DriverError;
  const away =
    isReadOnly(error) ||
    (typeof code === 'string' && (AWAY.test(code) || AWAY_MESSAGES.test(code))) ||
    (typeof message === 'string' && AWAY_MESSAGES.test(message));
  return away ? new ServiceUnavailable(undefined, { cause: error }) : error;
}

/**
 * Whether the server refused a write, or what only a primary can tell, for being read-only: a standby, or a database
 * with `default_transaction_read_only`. The connection it came over stays so when the server no longer is.
 */
export function isReadOnly(error: unknown): boolean {
  const { code, file, message } = error as DriverError;
  if (error instanceof ServiceUnavailable && error.cause) return isReadOnly(error.cause);
  if (error instanceof ReadOnlyDatabase || code === '25006') return true;
  if (!RECOVERY_CODES.has(String(code))) return false;
  return RECOVERY_SOURCES.has(String(file)) || /recovery is in progress|during recovery/.test(String(message));
}

/**
 * Whether the driver has waited for an answer in vain. The statement may still be done; the connection is of no more use,
 * since what is asked next waits behind it.
 */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof ServiceUnavailable && error.cause) return isUnanswered(error.cause);
  return (error as DriverError).message === UNANSWERED;
}

/** A server that answers and takes no writes. */
export class ReadOnlyDatabase extends Error {
  constructor() {
    super('the database is read-only');
  }
}

/** Whether `error` is what became of a statement that ran into `statement_timeout`. */
export function isTimeout(error: unknown): boolean {
  const { cause } = error as { cause?: DriverError };
  return error instanceof ServiceUnavailable && cause?.code === '57014';
}

/** Whether `error` is the violation of this unique constraint or index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as DriverError;
  return code === '23505' && violated === constraint;
}
