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
import { ErrorForms, type PresentedError } from './error-forms.js';

/** What a client sees of an error, whatever it was: nothing of ours gets out that is not declared as an `AppError`. */
export interface ErrorBody {
  error: { code: string; message: string; details: Record<string, unknown>; request_id: string };
}

/** The error a client is told of. Anything nobody declared is `InternalError`, with the cause for the log. */
export function toDeclaredError(thrown: unknown): AppError {
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
export function declareAndLog(thrown: unknown, logger: Logger): AppError {
  const error = toDeclaredError(thrown);
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

/** So often a refusal for want of room is written down; the others are counted. */
const REFUSALS_EVERY_MS = 10_000;

/** Answers every error of every route in one shape. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');
  private quietUntil = 0;
  private unreported = 0;

  constructor(
    private readonly forms: ErrorForms,
    private readonly limits: Limits,
  ) {}

  async catch(thrown: unknown, host: ArgumentsHost): Promise<void> {
    const request = host.switchToHttp().getRequest<ParleyRequest>();
    const response = host.switchToHttp().getResponse<Response>();
    const error = toDeclaredError(thrown);
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
      return counted ? counted.then(() => error, toDeclaredError) : error;
    } catch (refusal) {
      return toDeclaredError(refusal);
    }
  }

  private answer(error: AppError, request: ParleyRequest, response: Response): void {
    if (response.headersSent) {
      response.destroy(); // half an answer is out: only a broken connection tells the client that it is half
      return;
    }
    for (const [name, value] of Object.entries(headersOf(error))) response.setHeader(name, value);
    const { status, body, headers = {} } = this.forms.of(request)?.present(error, request) ?? asOurs(error, request);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.status(status).json(body);
  }

  private report(error: AppError, request: ParleyRequest): void {
    const { requestId: request_id, clientRequestId: client_request_id, method, originalUrl } = request;
    const fields = { request_id, client_request_id, method, url: redactAddress(originalUrl) };
    if (error instanceof InternalError) this.logger.error('a request failed', fields, error.cause ?? error);
    else if (error.cause) this.logger.warn('a request was turned away', fields, error.cause);
    else this.reportRefusal(fields);
  }

  /** A refusal for want of room has no cause to look into, and there are as many of them as callers like. */
  private reportRefusal(fields: Record<string, unknown>): void {
    const now = Date.now();
    if (now < this.quietUntil) {
      this.unreported += 1;
      return;
    }
    this.logger.warn('a request was turned away', { ...fields, unreported_before: this.unreported });
    this.unreported = 0;
    this.quietUntil = now + REFUSALS_EVERY_MS;
  }
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
