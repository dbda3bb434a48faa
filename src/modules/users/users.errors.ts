import { AppError } from '../../platform/errors/app-error.js';

export class UserNotFound extends AppError {
  readonly code = 'USER_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such user.');
  }
}

/** Somebody must be able to let others in: the last admin who is not banned stays one. */
export class LastAdmin extends AppError {
  readonly code = 'LAST_ADMIN';
  readonly status = 409;

  constructor() {
    super('This is the last admin. Make somebody else one first.');
  }
}

/** Somebody else has it. `field` says what is taken; this is the one place where the existence of an account shows. */
export class AlreadyExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor(field: 'username' | 'email') {
    super(`This ${field === 'email' ? 'e-mail address' : 'user name'} is taken.`, { field });
  }
}
