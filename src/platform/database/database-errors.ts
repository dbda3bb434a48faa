import { AppError, ServiceUnavailable } from '../errors/app-error.js';

/** SQLSTATE classes and codes that mean that the database is unavailable, not that the statement is wrong. */
const UNAVAILABLE = /^(08|53|57P|58|40001|40P01|57014|55P03|25P0[34])/;
const UNAVAILABLE_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|ECONNREFUSED|ECONNRESET|EPIPE|Client has encountered a connection error|pool after calling end|Query read timeout/;

/** The driver's own error, which has no code. */
const NO_RESPONSE = 'Query read timeout';

/** Source files of PostgreSQL that report a standby; the message itself is in the language of the server. */
const RECOVERY_SOURCES = new Set(['xlogfuncs.c', 'lock.c', 'plancat.c']);
const RECOVERY_CODES = new Set([
  '55000', // object_not_in_prerequisite_state: a function that only works on a primary
  '0A000', // feature_not_supported: an unlogged table, which has no rows on a standby
]);

interface DriverError {
  code?: unknown;
  file?: unknown;
  constraint?: unknown;
  message?: unknown;
}

/** Converts an outage of the database to `ServiceUnavailable` and returns every other error unchanged. */
export function mapDatabaseOutage(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code, message } = error as DriverError;
  const isUnavailable =
    isReadOnly(error) ||
    (typeof code === 'string' && (UNAVAILABLE.test(code) || UNAVAILABLE_MESSAGES.test(code))) ||
    (typeof message === 'string' && UNAVAILABLE_MESSAGES.test(message));
  return isUnavailable ? new ServiceUnavailable(undefined, { cause: error }) : error;
}

/**
 * Whether the server refused a statement because it is read-only: a standby, or a database with
 * `default_transaction_read_only`. The connection stays read-only even when the server no longer is.
 */
export function isReadOnly(error: unknown): boolean {
  const { code, file, message } = error as DriverError;
  if (error instanceof ServiceUnavailable && error.cause) return isReadOnly(error.cause);
  if (error instanceof ReadOnlyDatabase || code === '25006') return true;
  if (!RECOVERY_CODES.has(String(code))) return false;
  return RECOVERY_SOURCES.has(String(file)) || /recovery is in progress|during recovery/.test(String(message));
}

/**
 * Whether the driver stopped waiting for a response. The statement may still be executed; the connection cannot be used
 * again, since the next statement would wait behind it.
 */
export function isResponseTimeout(error: unknown): boolean {
  if (error instanceof ServiceUnavailable && error.cause) return isResponseTimeout(error.cause);
  return (error as DriverError).message === NO_RESPONSE;
}

/** The server responds but accepts no writes. */
export class ReadOnlyDatabase extends Error {
  constructor() {
    super('the database is read-only');
  }
}

/** Whether `error` is the result of a statement that exceeded `statement_timeout`. */
export function isStatementTimeout(error: unknown): boolean {
  const { cause } = error as { cause?: DriverError };
  return error instanceof ServiceUnavailable && cause?.code === '57014';
}

/** Whether `error` is the violation of this unique constraint or index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as DriverError;
  return code === '23505' && violated === constraint;
}
