import { AppError, ServiceUnavailable } from '../errors/app-error.js';

/** SQLSTATE classes and codes that mean "the database cannot answer now", not "the statement is wrong". */
const AWAY = /^(08|53|57P|58|40001|40P01|57014|55P03|25P0[34])/;
const AWAY_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|ECONNREFUSED|ECONNRESET|EPIPE|Client has encountered a connection error|pool after calling end|Query read timeout/;

interface DriverError {
  code?: unknown;
  constraint?: unknown;
  message?: unknown;
}

/** Turns an outage of the database into `ServiceUnavailable` and leaves every other error as it is. */
export function toAppError(error: unknown): unknown {
  if (error instanceof AppError) return error;
  const { code, message } = error as DriverError;
  const away =
    (typeof code === 'string' && (AWAY.test(code) || AWAY_MESSAGES.test(code))) ||
    (typeof message === 'string' && AWAY_MESSAGES.test(message));
  return away ? new ServiceUnavailable(undefined, { cause: error }) : error;
}

/** Whether `error` is the violation of this unique constraint or index. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  const { code, constraint: violated } = error as DriverError;
  return code === '23505' && violated === constraint;
}
