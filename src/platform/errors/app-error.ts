import { ErrorDoc } from './error-doc.decorator.js';

/** What `details` of an error may hold: plain JSON, never a stack, a path or SQL. */
export type ErrorDetails = Record<string, unknown>;

/**
 * A refusal the caller can act on. Each module declares its own in `<module>.errors.ts`, every code stands once,
 * and the transports map it once: `status` for HTTP, `code` and `details` for frames.
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

/** One thing wrong with one field of the input; `field` is a dotted path, empty for the body as a whole. */
export interface FieldProblem {
  field: string;
  reason: string;
}

@ErrorDoc(
  'The input does not have the documented shape; `details.errors` names every field at once, with a reason.',
  'Mend the fields; the same again is refused again.',
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
  'No access token, or one that is not (or no longer) valid; `details.token_expired` is true when it has only run out.',
  'With `token_expired` refresh, else log in.',
)
export class AuthenticationRequired extends AppError {
  readonly code = 'AUTHENTICATION_REQUIRED';
  readonly status = 401;

  constructor(details: { token_expired?: boolean } = {}) {
    super('A valid access token is required.', details);
  }
}

@ErrorDoc('The caller is known and may not do this.', 'Do not try again.')
export class PermissionDenied extends AppError {
  readonly code = 'PERMISSION_DENIED';
  readonly status = 403;

  constructor(message = 'You may not do this.') {
    super(message);
  }
}

@ErrorDoc(
  'The caller’s account is banned: `details.reason`, and `details.until`, null for a ban without end.',
  'Show it.',
)
export class AccountBanned extends AppError {
  readonly code = 'ACCOUNT_BANNED';
  readonly status = 403;

  constructor(details: { reason?: string | null; until?: string | null } = {}) {
    super('This account is banned.', details);
  }
}

@ErrorDoc('There is no such address or method.', 'Look it up in `/openapi.json`.')
export class RouteNotFound extends AppError {
  readonly code = 'ROUTE_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such route.');
  }
}

@ErrorDoc('The body is larger than the route takes.', 'Send less.')
export class PayloadTooLarge extends AppError {
  readonly code = 'PAYLOAD_TOO_LARGE';
  readonly status = 413;

  constructor() {
    super('The request body is too large.');
  }
}

/** Which limit was used up: what counts as it, how often in which window, and the epoch second at which room comes back. */
export interface SpentLimit {
  readonly action: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly resetAt: number;
}

@ErrorDoc(
  'A limit of the caller or of the address is used up.',
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
  'The server cannot answer right now; whether a write was done is not known.',
  'Try the same again after `details.retry_after` seconds; with the same `client_message_id` or `Idempotency-Key` it is done once.',
)
export class ServiceUnavailable extends AppError {
  readonly code = 'SERVICE_UNAVAILABLE';
  readonly status = 503;

  /** `cause` is for the log alone. */
  constructor(
    readonly retryAfterSeconds = 1,
    options?: ErrorOptions,
  ) {
    super('The service cannot answer right now. Try again.', { retry_after: retryAfterSeconds }, options);
  }
}

@ErrorDoc(
  'This idempotency key (or `client_message_id`) was used with another body.',
  'Take a new key for a new request.',
)
export class IdempotencyConflict extends AppError {
  readonly code = 'IDEMPOTENCY_CONFLICT';
  readonly status = 422;

  constructor() {
    super('This idempotency key was used with another body.');
  }
}

@ErrorDoc(
  'A request with the same idempotency key is still being answered.',
  'Try again in a moment, with the same key.',
)
export class IdempotencyInProgress extends AppError {
  readonly code = 'IDEMPOTENCY_IN_PROGRESS';
  readonly status = 409;

  constructor() {
    super('A request with this idempotency key is still being answered. Try again.');
  }
}

@ErrorDoc(
  'A defect of ours; the log has the cause under the `request_id`.',
  'Try again later; report the `request_id`.',
)
export class InternalError extends AppError {
  readonly code = 'INTERNAL_ERROR';
  readonly status = 500;

  constructor() {
    super('Something went wrong on our side.');
  }
}
