import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('The user does not exist.', 'Treat the user as deleted.')
export class UserNotFound extends AppError {
  readonly code = 'USER_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such user.');
  }
}

@ErrorDoc(
  'An installation needs an admin: the last one who is not banned cannot be demoted or deleted.',
  'Make another user an admin first.',
)
export class LastAdmin extends AppError {
  readonly code = 'LAST_ADMIN';
  readonly status = 409;

  constructor() {
    super('This is the last admin. Make another user an admin first.');
  }
}

/** Only this error reveals that an account exists. */
@ErrorDoc('Another account has this name or email; `details.field` is `username` or `email`.', 'Choose another one.')
export class AlreadyExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor(field: 'username' | 'email') {
    super(`This ${field === 'email' ? 'e-mail address' : 'user name'} is taken.`, { field });
  }
}
