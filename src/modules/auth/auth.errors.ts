import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The account or the password is wrong; the response does not say which.', 'Ask for the password again.')
export class InvalidCredentials extends AppError {
  readonly code = 'INVALID_CREDENTIALS';
  readonly status = 401;

  constructor() {
    super('Account and password do not match.');
  }
}

@ErrorDoc(
  'Too many failed logins from this source. Known devices are not affected.',
  'Wait `details.retry_after` seconds.',
)
export class AccountLocked extends AppError {
  readonly code = 'ACCOUNT_LOCKED';
  readonly status = 423;

  constructor(retryAfterSeconds: number) {
    super('Too many failed logins. Wait before the next attempt.', { retry_after: retryAfterSeconds });
  }
}

@ErrorDoc('The refresh token is unknown or used, or its session has ended.', 'Log in again.')
export class RefreshTokenInvalid extends AppError {
  readonly code = 'REFRESH_TOKEN_INVALID';
  readonly status = 401;

  constructor() {
    super('The refresh token is not valid any more. Log in again.');
  }
}

@ErrorDoc('The user has no active session with this id.', 'Treat it as ended.')
export class SessionNotFound extends AppError {
  readonly code = 'SESSION_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such session.');
  }
}

@ErrorDoc(
  'An account without a password requires a new token of the identity provider for this call; the current one is older than `details.max_age_seconds`.',
  'Get a new token from the provider, and repeat the call with it.',
)
export class FreshTokenRequired extends AppError {
  readonly code = 'FRESH_TOKEN_REQUIRED';
  readonly status = 403;

  constructor(maxAgeSeconds = 0) {
    super('This account has no password. Repeat the call with a new token.', { max_age_seconds: maxAgeSeconds });
  }
}

@ErrorDoc(
  'The account of this identity was deleted here; its tokens are no longer accepted.',
  'Display the message. Do not refresh.',
)
export class AccountDeleted extends AppError {
  readonly code = 'ACCOUNT_DELETED';
  readonly status = 403;

  constructor() {
    super('This account was deleted.');
  }
}
