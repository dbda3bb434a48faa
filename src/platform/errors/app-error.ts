import {
  type DetailFields,
  type DetailsOf,
  flag,
  listOf,
  nullable,
  optional,
  RETRY_AFTER_DETAILS,
  text,
} from './error-details.js';

/** The `details` of an error: plain JSON, never a stack, a path or SQL. */
export type ErrorDetails = Record<string, unknown>;

/**
 * An error the caller can act on. Each module declares its own with `defineError` in `<module>.errors.ts`, and each
 * transport maps them once: `status` for HTTP, `code` and `details` for frames.
 */
export abstract class AppError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
    readonly details: ErrorDetails,
  ) {
    super(message);
  }
}

/** What the documentation for API clients contains of an error; `status` is undefined if it varies. */
export interface ErrorDeclaration {
  readonly code: string;
  readonly status: number | undefined;
  readonly meaning: string;
  readonly action: string;
  /** The fields of its details. Errors with the same code have the same fields. */
  readonly details: DetailFields;
}

/** A class made by `defineError`, or one that extends it. Its code and status do not depend on its arguments. */
export interface ErrorClass<Arguments extends unknown[] = never[]> {
  new (...given: Arguments): AppError;
  readonly declaration: ErrorDeclaration;
}

/** Forbids fields that are not declared. */
type NoOthers<Details, Fields> = { readonly [name in Exclude<keyof Details, keyof Fields>]: never };

/** `message` and `details` are functions of the arguments of the constructor where they vary. */
interface ErrorDefinition<
  Arguments extends unknown[],
  Fields extends DetailFields,
  Details extends DetailsOf<Fields> = DetailsOf<Fields>,
> {
  readonly message: string | ((...given: Arguments) => string);
  /** For API clients: what has happened. */
  readonly meaning: string;
  /** For API clients: what to do. */
  readonly action: string;
  /** Without it the details are empty. */
  readonly details?: {
    /** For API clients: the fields, and what they contain. */
    readonly fields: Fields;
    readonly of: (...given: Arguments) => Details & NoOthers<Details, Fields>;
  };
}

const declarations: ErrorDeclaration[] = [];

/** Every declared error of the program. */
export function declaredErrors(): readonly ErrorDeclaration[] {
  return declarations;
}

/**
 * Declares an error, for its code and for the generated documents: `class SlowMode extends defineError(…) {}`. `status`
 * is undefined for a class that sets it in its constructor.
 */
export function defineError<
  Arguments extends unknown[] = [],
  Fields extends DetailFields = DetailFields,
  Details extends DetailsOf<Fields> = DetailsOf<Fields>,
>(
  code: string,
  status: number | undefined,
  { message, meaning, action, details }: ErrorDefinition<Arguments, Fields, Details>,
): ErrorClass<Arguments> {
  const declaration = { code, status, meaning, action, details: details?.fields ?? {} };
  declarations.push(declaration);
  return class extends AppError {
    static readonly declaration = declaration;

    constructor(...given: Arguments) {
      super(code, status!, typeof message === 'function' ? message(...given) : message, details?.of(...given) ?? {});
    }
  };
}

/** One problem with one field of the input; `field` is a dotted path, empty for the body as a whole. */
export interface FieldProblem {
  field: string;
  reason: string;
}

export class ValidationError extends defineError('VALIDATION_ERROR', 400, {
  message: (_problems: FieldProblem[], message: string = 'The request is not valid.') => message,
  meaning: 'The input does not have the documented shape; `details.errors` names every field at once, with a reason.',
  action: 'Correct the fields; the same request will fail again.',
  details: {
    fields: {
      errors: listOf('Every problem', {
        field: text('Path of the field; empty for the whole input'),
        reason: text('For people; may change'),
      }),
    },
    of: (problems: FieldProblem[], _message?: string) => ({ errors: problems }),
  },
}) {
  static of(field: string, reason: string): ValidationError {
    return new ValidationError([{ field, reason }]);
  }

  constructor(
    readonly problems: FieldProblem[],
    message?: string,
  ) {
    super(problems, message);
  }
}

export class AuthenticationRequired extends defineError('AUTHENTICATION_REQUIRED', 401, {
  message: 'A valid access token is required.',
  meaning:
    'The access token is missing or not valid; `details.token_expired` is true if it has only expired. For a token with the right signature of the host, `details.reason` says what is wrong with its claims.',
  action: 'With `token_expired`, refresh the session; otherwise log in.',
  details: {
    fields: {
      token_expired: optional(flag('The token was valid, but has expired')),
      reason: optional(text('What is wrong with a token that the host has signed with its key; for its developers')),
    },
    of: (details: { token_expired?: boolean; reason?: string } = {}) => details,
  },
}) {}

export class PermissionDenied extends defineError('PERMISSION_DENIED', 403, {
  message: (message: string = 'You may not do this.', _details: { required_scope?: string } = {}) => message,
  meaning:
    'The caller is authenticated but may not do this; `details.required_scope` names the scope that a server key lacks.',
  action: 'Do not repeat the request. A server key with more scopes is a new key.',
  details: {
    fields: { required_scope: optional(text('The scope that the server key of the call needs')) },
    of: (_message?: string, details: { required_scope?: string } = {}) => details,
  },
}) {}

export class AccountBanned extends defineError('ACCOUNT_BANNED', 403, {
  message: 'This account is banned.',
  meaning:
    'The caller’s account is banned; `details.reason` has the reason, `details.until` the end, null for a permanent ban.',
  action: 'Present the reason and the end to the user.',
  details: {
    fields: {
      reason: optional(nullable(text('The reason of the ban'))),
      until: optional(nullable(text('Time of its end; null for a permanent ban'))),
    },
    of: (details: { reason?: string | null; until?: string | null } = {}) => details,
  },
}) {}

export class RouteNotFound extends defineError('ROUTE_NOT_FOUND', 404, {
  message: 'No such route.',
  meaning: 'There is no route with this path and method.',
  action: 'Compare with `/openapi.json`.',
}) {}

export class PayloadTooLarge extends defineError('PAYLOAD_TOO_LARGE', 413, {
  message: 'The request body is too large.',
  meaning: 'The body is larger than the route accepts.',
  action: 'Send less.',
}) {}

/**
 * The rate limit that was exceeded: its action, its number and window, and the epoch second of the next permitted call.
 */
export interface SpentLimit {
  readonly action: string;
  readonly limit: number;
  readonly windowSeconds: number;
  readonly resetAt: number;
}

export class RateLimitExceeded extends defineError('RATE_LIMIT_EXCEEDED', 429, {
  message: 'Too many requests.',
  meaning: 'A rate limit of the caller or of their IP address is exceeded.',
  action: 'Wait `details.retry_after` seconds (also `Retry-After`).',
  details: {
    fields: RETRY_AFTER_DETAILS,
    of: (retryAfterSeconds: number) => ({ retry_after: retryAfterSeconds }),
  },
}) {
  constructor(
    readonly retryAfterSeconds: number,
    readonly spent?: SpentLimit,
  ) {
    super(retryAfterSeconds);
  }
}

export class ServiceUnavailable extends defineError('SERVICE_UNAVAILABLE', 503, {
  message: 'The service cannot answer right now. Try again.',
  meaning: 'The server cannot process the request right now; a write may or may not have been stored.',
  action:
    'Repeat the request after `details.retry_after` seconds; with the same `client_message_id` or `Idempotency-Key` it takes effect once.',
  details: {
    fields: RETRY_AFTER_DETAILS,
    of: (retryAfterSeconds: number) => ({ retry_after: retryAfterSeconds }),
  },
}) {
  /** `cause` is only logged. */
  constructor(
    readonly retryAfterSeconds = 1,
    options?: ErrorOptions,
  ) {
    super(retryAfterSeconds);
    if (options) this.cause = options.cause;
  }
}

export class IdempotencyConflict extends defineError('IDEMPOTENCY_CONFLICT', 422, {
  message: 'This idempotency key was used with another body.',
  meaning: 'This idempotency key (or `client_message_id`) was used with another body.',
  action: 'Use a new key for a new request.',
}) {}

export class IdempotencyInProgress extends defineError('IDEMPOTENCY_IN_PROGRESS', 409, {
  message: 'A request with this idempotency key is still being processed. Try again.',
  meaning: 'A request with the same idempotency key is still being processed.',
  action: 'Try again in a moment, with the same key.',
}) {}

export class InternalError extends defineError('INTERNAL_ERROR', 500, {
  message: 'Something went wrong on our side.',
  meaning: 'A defect of the server; the log has the cause under the `request_id`.',
  action: 'Try again later; report the `request_id`.',
}) {}
