import { AppError } from '../../platform/errors/app-error.js';

/** Unknown account or wrong password: which of the two is nobody's business. */
export class InvalidCredentials extends AppError {
  readonly code = 'INVALID_CREDENTIALS';
  readonly status = 401;

  constructor() {
    super('Account and password do not match.');
  }
}

/** Too many failed tries from this place. The account itself stays open to the devices it knows. */
export class AccountLocked extends AppError {
  readonly code = 'ACCOUNT_LOCKED';
  readonly status = 423;

  constructor(retryAfterSeconds: number) {
    super('Too many failed tries. Wait before the next one.', { retry_after: retryAfterSeconds });
  }
}

/** The refresh token is unknown, used up, or of a session that is over: log in again. */
export class RefreshTokenInvalid extends AppError {
  readonly code = 'REFRESH_TOKEN_INVALID';
  readonly status = 401;

  constructor() {
    super('The refresh token is not valid any more. Log in again.');
  }
}

/** The caller has no open session of this id. */
export class SessionNotFound extends AppError {
  readonly code = 'SESSION_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such session.');
  }
}
