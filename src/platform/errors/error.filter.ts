import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';
import { toAppError } from '../database/database-errors.js';
import { RequestRefused, UnsupportedMediaType } from '../http/http-errors.js';
import type { ParleyRequest } from '../http/request-context.js';
import { redactAddress } from '../logging/redaction.js';
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
import { AnsweredErrors } from './answered-errors.js';
import { ErrorFormats, type PresentedError } from './error-formats.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** What a client sees of an error, whatever it was: nothing of ours gets out that is not declared as an `AppError`. */
export interface ErrorBody {
  error: { code: string; message: string; details: Record<string, unknown>; request_id: string };
}

/** The error a client is told of. Anything nobody declared is `InternalError`, with the cause for the log. */
export function toAppErrorOf(thrown: unknown): AppError {
  const error = toAppError(thrown);
  if (error instanceof AppError) return error;
  if (error instanceof HttpException && error.getStatus() < 500) return ofStatus(error.getStatus());
  if (error instanceof HttpException && error.getStatus() === 503) return new ServiceUnavailable();
  const internal = new InternalError();
  internal.cause = error;
  return internal;
}

/**
 * The same, for where nobody else will tell the log of what nobody declared: before there is a request or a connection.
 */
export function toAppErrorAndLog(thrown: unknown, logger: Logger): AppError {
  const error = toAppErrorOf(thrown);
  if (error instanceof InternalError) logger.error('a connection failed', error.cause);
  return error;
}

/** Express, body readers and Nest's own pipes and guards speak in statuses. */
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

/** Requests of many clients fail together: none turned away for so long means that it is over. */
const OVER_AFTER_MS = 30_000;
/** So long the trace of a failure is not written again. */
const TRACE_EVERY_MS = 60_000;
const MOST_KINDS = 100;

/** Answers every error of every route in one shape. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private readonly refusals = new Map<string, RepeatedWarning>();
  private readonly tracedAt = new Map<string, number>();

  constructor(
    private readonly formats: ErrorFormats,
    private readonly limits: Limits,
    private readonly answered: AnsweredErrors,
  ) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<ParleyRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toAppErrorOf(thrown);
    if (error.status >= 500) this.report(error, request);
    const counted = error.status < 500 && !request.isCounted ? this.count(error, request) : error;
    this.answer(counted instanceof Promise ? await counted : counted, request, response);
  }

  /**
   * What is refused before any limit counts it (an unknown route, a refused credential, a body that cannot be read) is
   * a call of the address: the answer is the refusal of the limit, once it is used up.
   */
  private count(error: AppError, request: ParleyRequest): AppError | Promise<AppError> {
    request.isCounted = true;
    try {
      const counted = this.limits.checkAddress('call', request.ip);
      return counted ? counted.then(() => error, toAppErrorOf) : error;
    } catch (refusal) {
      return toAppErrorOf(refusal);
    }
  }

  private answer(error: AppError, request: ParleyRequest, response: Response): void {
    this.answered.tell(error, request);
    if (response.headersSent) {
      response.destroy(); // half an answer is out: only a broken connection tells the client that it is half
      return;
    }
    for (const [name, value] of Object.entries(headersOf(error))) response.setHeader(name, value);
    const { status, body, headers = {} } = this.formats.of(request)?.present(error, request) ?? asOurs(error, request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.status(status).json(body);
  }

  private report(error: AppError, request: ParleyRequest): void {
    const { requestId: request_id, clientRequestId: client_request_id, method, originalUrl } = request;
    const fields = { request_id, client_request_id, method, url: redactAddress(originalUrl) };
    if (error instanceof InternalError)
      this.logger.error('a request failed', { ...fields, ...this.traced(error.cause ?? error) });
    else this.reportRefusal({ ...fields, code: error.code, err: error.cause });
  }

  /** The error as it is, or without its trace where one of its kind stands in the log already. */
  private traced(error: unknown): object {
    const kind = kindOf(error, (error as Error).stack?.split('\n')[1]);
    const now = performance.now();
    if (now - (this.tracedAt.get(kind) ?? -Infinity) < TRACE_EVERY_MS) return { error: kind };
    if (this.tracedAt.size >= MOST_KINDS) this.tracedAt.clear();
    this.tracedAt.set(kind, now);
    return { err: error };
  }

  /** There are as many of them as callers like, for as long as something is away: one line for each kind of cause. */
  private reportRefusal(fields: { code: string; err: unknown }): void {
    const kind = this.refusals.size < MOST_KINDS ? kindOf(fields.err, fields.code) : '';
    let refusals = this.refusals.get(kind);
    if (!refusals) {
      refusals = new RepeatedWarning(this.logger, 'requests are turned away', {
        over: 'requests are no longer turned away',
        settledAfterMs: OVER_AFTER_MS,
      });
      this.refusals.set(kind, refusals);
    }
    refusals.failed(fields);
    refusals.worked(); // as far as this request knows: the next one to be turned away says otherwise
  }
}

function kindOf(error: unknown, place = ''): string {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return [name, code, place.trim()].filter((part) => typeof part === 'string' && part !== '').join(' ');
}

function asOurs({ status, code, message, details }: AppError, { requestId }: ParleyRequest): PresentedError {
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
