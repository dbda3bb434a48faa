import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter, Injectable } from '@nestjs/common';
import type { Response } from 'express';
import { mapDatabaseOutage } from '../database/database-errors.js';
import { RequestRefused, UnsupportedMediaType } from '../http/http-errors.js';
import type { ParleyRequest } from '../http/parley-request.js';
import { redactUrl } from '../logging/redaction.js';
import { Limits } from '../throttling/limits.service.js';
import {
  AppError,
  AuthenticationRequired,
  InternalError,
  PayloadTooLarge,
  PermissionDenied,
  RouteNotFound,
  ServiceUnavailable,
  ValidationError,
} from './app-error.js';
import { ErrorFormats, type PresentedError } from './error-formats.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { CALL_LIMIT } from '../throttling/limits.js';

/** Called with every error response to a request; must not throw. */
type ErrorObserver = (error: AppError, request: ParleyRequest) => void;

/** Notifies observers of the errors that clients receive, from any source: a body, a guard, a limit, a use case. */
@Injectable()
export class ErrorObservers {
  private readonly observers: ErrorObserver[] = [];

  observe(observer: ErrorObserver): void {
    this.observers.push(observer);
  }

  notify(error: AppError, request: ParleyRequest): void {
    for (const observe of this.observers) observe(error, request);
  }
}

/** The body of every error response. It contains nothing of an error that is not declared as an `AppError`. */
export interface ErrorBody {
  error: { code: string; message: string; details: Record<string, unknown>; request_id: string };
}

/** Returns the error a client receives. Anything undeclared becomes an `InternalError`, with the cause for the log. */
export function toAppError(thrown: unknown): AppError {
  const error = mapDatabaseOutage(thrown);
  if (error instanceof AppError) return error;
  if (error instanceof HttpException && error.getStatus() < 500) return ofStatus(error.getStatus());
  if (error instanceof HttpException && error.getStatus() === 503) return new ServiceUnavailable();
  const internal = new InternalError();
  internal.cause = error;
  return internal;
}

/**
 * Like `toAppError`, and logs an undeclared error. For code that runs before there is a request or a connection, where
 * nothing else would log it.
 */
export function toAppErrorAndLog(thrown: unknown, logger: Logger): AppError {
  const error = toAppError(thrown);
  if (error instanceof InternalError) logger.error('a connection failed', error.cause);
  return error;
}

/** Express, body parsers and Nest's own pipes and guards throw errors with a status. */
function ofStatus(status: number): AppError {
  switch (status) {
    case 400:
      return ValidationError.of('', 'the request is malformed');
    case 401:
      return new AuthenticationRequired();
    case 403:
      return new PermissionDenied();
    case 404:
      return new RouteNotFound();
    case 413:
      return new PayloadTooLarge();
    case 415:
      return new UnsupportedMediaType();
    default:
      return new RequestRefused(status);
  }
}

/** Requests of many clients fail together: if none has been refused for this long, the cause is over. */
const OVER_AFTER_MS = 30_000;
/** The stack trace of a failure is logged at most once in this time. */
const TRACE_EVERY_MS = 60_000;
const MAX_KINDS = 100;

/** Sends the response of every error of every route. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private readonly refusals = new Map<string, RepeatedWarning>();
  private readonly tracedAt = new Map<string, number>();

  constructor(
    private readonly formats: ErrorFormats,
    private readonly limits: Limits,
    private readonly errorObservers: ErrorObservers,
  ) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<ParleyRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toAppError(thrown);
    if (error.status >= 500) this.report(error, request);
    const counted = error.status < 500 && !request.isCounted ? this.count(error, request) : error;
    this.respond(counted instanceof Promise ? await counted : counted, request, response);
  }

  /**
   * Counts a request that failed before any rate limit counted it (an unknown route, a rejected credential, an
   * unreadable body) as a call of the IP address. Returns the error of that limit once it is exceeded.
   */
  private count(error: AppError, request: ParleyRequest): AppError | Promise<AppError> {
    request.isCounted = true;
    try {
      const counted = this.limits.checkIp(CALL_LIMIT, request.ip);
      return counted ? counted.then(() => error, toAppError) : error;
    } catch (refusal) {
      return toAppError(refusal);
    }
  }

  private respond(error: AppError, request: ParleyRequest, response: Response): void {
    this.errorObservers.notify(error, request);
    if (response.headersSent) {
      response.destroy(); // part of the response is sent: only a broken connection marks it as incomplete
      return;
    }
    for (const [name, value] of Object.entries(headersOf(error))) response.setHeader(name, value);
    const {
      status,
      body,
      headers = {},
    } = this.formats.of(request)?.present(error, request) ?? inOwnFormat(error, request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.status(status).json(body);
  }

  private report(error: AppError, request: ParleyRequest): void {
    const { requestId: request_id, clientRequestId: client_request_id, method, originalUrl } = request;
    const fields = { request_id, client_request_id, method, url: redactUrl(originalUrl) };
    if (error instanceof InternalError)
      this.logger.error('a request failed', { ...fields, ...this.traced(error.cause ?? error) });
    else this.reportRefusal({ ...fields, code: error.code, err: error.cause });
  }

  /** The error for the log, without its stack trace if one of the same kind was logged recently. */
  private traced(error: unknown): object {
    const kind = kindOf(error, (error as Error).stack?.split('\n')[1]);
    const now = performance.now();
    if (now - (this.tracedAt.get(kind) ?? -Infinity) < TRACE_EVERY_MS) return { error: kind };
    if (this.tracedAt.size >= MAX_KINDS) this.tracedAt.clear();
    this.tracedAt.set(kind, now);
    return { err: error };
  }

  /** While something is unavailable, callers decide how many refusals there are: each kind of cause is one warning. */
  private reportRefusal(fields: { code: string; err: unknown }): void {
    const kind = this.refusals.size < MAX_KINDS ? kindOf(fields.err, fields.code) : '';
    let refusals = this.refusals.get(kind);
    if (!refusals) {
      refusals = new RepeatedWarning(this.logger, 'requests are refused', {
        recovered: 'requests are no longer refused',
        settledAfterMs: OVER_AFTER_MS,
      });
      this.refusals.set(kind, refusals);
    }
    refusals.failed(fields);
    refusals.worked(); // starts the time after which it is over; the next refusal cancels it
  }
}

function kindOf(error: unknown, frame = ''): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return [name, code, frame.trim()].filter((part) => typeof part === 'string' && part !== '').join(' ');
}

function inOwnFormat({ status, code, message, details }: AppError, { requestId }: ParleyRequest): PresentedError {
  const body: ErrorBody = { error: { code, message, details, request_id: requestId } };
  return { status, body };
}

function headersOf(error: AppError): Record<string, string> {
  const { headers } = error as { headers?: Record<string, string> };
  const retryAfter = error.details.retry_after;
  return {
    ...headers,
    ...(typeof retryAfter === 'number' ? { 'Retry-After': String(Math.ceil(retryAfter)) } : {}),
    ...(error.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  };
}
