import { randomUUID } from 'node:crypto';
import type { NextFunction, Response } from 'express';
import type { Logger as Pino } from 'pino';
import type { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { redactUrl } from '../logging/redaction.js';
import { limitBodyTime } from './body-deadline.js';
import type { ParleyRequest } from './parley-request.js';
import type { RequestsInFlight } from './requests-in-flight.js';
import type { RequestValidator } from './request-validator.js';

type Middleware = (request: ParleyRequest, response: Response, next: NextFunction) => void;

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;
const CSP_NOTHING = "default-src 'none'; frame-ancestors 'none'";
/** The page of the API document loads its own scripts, styles and images, and nothing from other origins. */
const CSP_OWN_FILES =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";
const PREFLIGHT_METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const PREFLIGHT_HEADERS =
  'Authorization, Content-Type, Idempotency-Key, X-Request-Id, X-CSRFToken, X-Audit-Log-Reason, ' +
  'Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset';
const EXPOSED_HEADERS =
  'X-Request-Id, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, Idempotency-Replayed, ' +
  'X-Pagination-Total, X-Pagination-Pages, X-Pagination-Current-Page, X-Pagination-Per-Page, ' +
  'Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Upload-Offset, Upload-Length, Upload-Expires, X-File-Id';

/**
 * Sets the request id and the headers of every response, and validates every request. A well-formed `X-Request-Id` of
 * the client is stored beside our own id: with the client's id alone, two requests could look like one in the audit
 * log.
 */
export function requestHeaders(inFlight: RequestsInFlight, requests: RequestValidator): Middleware {
  return (request, response, next) => {
    const given = request.headers['x-request-id'];
    request.requestId = randomUUID();
    if (typeof given === 'string' && REQUEST_ID.test(given)) request.clientRequestId = given;
    response.setHeader('X-Request-Id', request.requestId);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Security-Policy', /^\/docs(?:[/?]|$)/.test(request.url) ? CSP_OWN_FILES : CSP_NOTHING);
    if (inFlight.drain.isDraining) response.setHeader('Connection', 'close');
    inFlight.enter(response);
    limitBodyTime(request, response);
    try {
      requests.validate(request);
      if (request.url.includes('%00')) throw ValidationError.of('', 'the URL contains a NUL');
    } catch (error) {
      next(error);
      return;
    }
    next();
  };
}

/**
 * Allows requests from pages of the allowed origins only; for other origins no header is sent, and the browser refuses.
 */
export function cors(config: Pick<Config, 'allowedOrigins'>): Middleware {
  const allowed = new Set(config.allowedOrigins);
  return (request, response, next) => {
    const { origin } = request.headers;
    if (origin === undefined) {
      next();
      return;
    }
    response.vary('Origin');
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (allowed.has(origin)) {
      response.setHeader('Access-Control-Allow-Origin', origin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      response.setHeader('Access-Control-Expose-Headers', EXPOSED_HEADERS);
      if (isPreflight) {
        response.setHeader('Access-Control-Allow-Methods', PREFLIGHT_METHODS);
        response.setHeader('Access-Control-Allow-Headers', PREFLIGHT_HEADERS);
        response.setHeader('Access-Control-Max-Age', '600');
      }
    }
    if (isPreflight) response.status(204).end();
    else next();
  };
}

/** Logs a line for each request at level debug; at info it would cost throughput. */
export function accessLog(log: Pino): Middleware {
  return (request, response, next) => {
    const started = performance.now();
    response.once('close', () => {
      log.debug(
        {
          request_id: request.requestId,
          client_request_id: request.clientRequestId,
          method: request.method,
          url: redactUrl(request.originalUrl),
          status: response.statusCode,
          ms: Math.round(performance.now() - started),
          user_id: request.actor?.userId,
        },
        'request',
      );
    });
    next();
  };
}
