import { AppError } from '../errors/app-error.js';

/** The frame is not JSON text of one object with a `type`. */
export class InvalidFrame extends AppError {
  readonly code = 'INVALID_FRAME';
  readonly status = 400;

  constructor(reason: string) {
    super('The frame is not valid.', { reason });
  }
}

/** No handler takes frames of this type. */
export class UnknownFrameType extends AppError {
  readonly code = 'UNKNOWN_FRAME_TYPE';
  readonly status = 400;

  constructor() {
    super('There is no such request.');
  }
}

/** The connection has as many unanswered requests as it may. */
export class TooManyInFlight extends AppError {
  readonly code = 'TOO_MANY_IN_FLIGHT';
  readonly status = 429;

  constructor(limit: number) {
    super('Too many requests are waiting for their answers.', { limit });
  }
}

/** The connection has said who it is already; `auth.refresh` prolongs it. */
export class AlreadyAuthenticated extends AppError {
  readonly code = 'ALREADY_AUTHENTICATED';
  readonly status = 409;

  constructor() {
    super('This connection is authenticated already.');
  }
}

/** A page of a foreign origin tried to open a socket. */
export class OriginNotAllowed extends AppError {
  readonly code = 'ORIGIN_NOT_ALLOWED';
  readonly status = 403;

  constructor() {
    super('Pages of this origin may not connect.');
  }
}

/** The address or the user has as many open sockets as it may. */
export class TooManyConnections extends AppError {
  readonly code = 'TOO_MANY_CONNECTIONS';
  readonly status = 429;

  constructor(retryAfterSeconds = 30) {
    super('Too many open connections.', { retry_after: retryAfterSeconds });
  }
}
