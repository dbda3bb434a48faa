import { ErrorDoc } from './error-doc.decorator.js';

/** The `details` of an error: plain JSON, never a stack, a path or SQL. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An error the caller can act on. Each module declares its own in `<module>.errors.ts`, every code is declared once, and
 * each transport maps them once: `status` for HTTP, `code` and `details` for frames.
 */
export abstract class AppError extends Error {
  abstract readonly code: string;
  abstract readonly status: number;

  constructor(
    message: string,
    readonly details: ErrorDetails = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** One problem with one field of the input; `field` is a dotted path, empty for the body as a whole. */
export interface FieldProblem {
  field: string;
  reason: string;
}

@ErrorDoc(
  'The input does not have the documented shape; `details.errors` names every field at once, with a reason.',
  'Correct the fields; the same request will fail again.',
)
export class ValidationError extends AppError {
  readonly code = 'VALIDATION_ERROR';
  readonly status = 400;

  constructor(
    readonly problems: FieldProblem[],
    message = 'The request is not valid.',
  ) {
    super(message, { errors: problems });
  }

  static of(field: string, reason: string): ValidationError {
    return new ValidationError([{ field, reason }]);
  }
}

@ErrorDoc(
  'The access token is missing or not valid; `details.token_expired` is true if it has only expired.',
  'With `token_expired`, refresh the session; otherwise log in.',
)
export class AuthenticationRequired extends AppError {
  readonly code = 'AUTHENTICATION_REQUIRED';
  readonly status = 401;

  constructor(details: { token_expired?: boolean } = {}) {
    super('A valid access token is required.', details);
  }
}

@ErrorDoc('The caller is authenticated but may not do this.', 'Do not repeat the request.')
export class PermissionDenied extends AppError {
  readonly code = 'PERMISSION_DENIED';
  readonly status = 403;

  constructor(message = 'You may not do this.') {
    super(message);
  }
}

@ErrorDoc(
  'The caller’s account is banned; `details.reason` has the reason, `details.until` the end, null for a permanent ban.',
  'Present the reason and the end to the user.',
)
export class AccountBanned extends AppError {
  readonly code = 'ACCOUNT_BANNED';
  readonly status = 403;

  constructor(details: { reason?: string | null; until?: string | null } = {}) {
    super('This account is banned.', details);
  }
}

@ErrorDoc('There is no route with this path and method.', 'Compare with `/openapi.json`.')
export class RouteNotFound extends AppError {
  readonly code = 'ROUTE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such route.');
  }
}

@ErrorDoc('The body is larger than the route accepts.', 'Send less.')
export class PayloadTooLarge extends AppError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  readonly status = 413;

  constructor() {
    super('The request body is too large.');
  }
}

/** The rate limit that was exceeded: its action, its number and window, and the epoch second of the next permitted call. */
export interface SpentLimit {
  readonly action: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly resetAt: number;
}

@ErrorDoc(
  'A rate limit of the caller or of their IP address is exceeded.',
  'Wait `details.retry_after` seconds (also `Retry-After`).',
)
export class RateLimitExceeded extends AppError {
  readonly code = 'RATE_LIMIT_EXCEEDED';
  readonly status = 429;

  constructor(
    readonly retryAfterSeconds: number,
    readonly spent?: SpentLimit,
  ) {
    super('Too many requests.', { retry_after: retryAfterSeconds });
  }
}

@ErrorDoc(
  'The server cannot process the request right now; a write may or may not have been stored.',
  'Repeat the request after `details.retry_after` seconds; with the same `client_message_id` or `Idempotency-Key` it takes effect once.',
)
export class ServiceUnavailable extends AppError {
  readonly code = 'SERVICE_UNAVAILABLE';
  readonly status = 503;

  /** `cause` is only logged. */
  constructor(
    readonly retryAfterSeconds = 1,
    options?: ErrorOptions,
  ) {
    super('The service cannot answer right now. Try again.', { retry_after: retryAfterSeconds }, options);
  }
}

@ErrorDoc(
  'This idempotency key (or `client_message_id`) was used with another body.',
  'Use a new key for a new request.',
)
export class IdempotencyConflict extends AppError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  readonly status = 422;

  constructor() {
    super('This idempotency key was used with another body.');
  }
}

@ErrorDoc(
  'A request with the same idempotency key is still being processed.',
  'Try again in a moment, with the same key.',
)
export class IdempotencyInProgress extends AppError {
  readonly code = 'IDEMPOTENCY_IN_PROGRESS';
  readonly status = 409;

  constructor() {
    super('A request with this idempotency key is still being processed. Try again.');
  }
}

@ErrorDoc(
  'A defect of the server; the log has the cause under the `request_id`.',
  'Try again later; report the `request_id`.',
)
export class InternalError extends AppError {
  readonly code = 'INTERNAL_ERROR';
  readonly status = 500;

  constructor() {
    super('Something went wrong on our side.');
  }
}
