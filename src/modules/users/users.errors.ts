import { AppError } from '../../platform/errors/app-error.js';
import { ErrorDoc } from '../../platform/errors/error-doc.decorator.js';

@ErrorDoc('There is no such user.', 'Treat the user as gone.')
export class UserNotFound extends AppError {
  readonly code = 'USER_NOT_FOUND';
  readonly status = 404;

  constructor() {
    super('No such user.');
  }
}

@ErrorDoc(
  'Somebody must be able to let others in: the last admin who is not banned stays one.',
  'Make somebody else admin first.',
)
export class LastAdmin extends AppError {
  readonly code = 'LAST_ADMIN';
  readonly status = 409;

  constructor() {
    super('This is the last admin. Make somebody else one first.');
  }
}

/** This is the one place where the existence of an account shows. */
@ErrorDoc('Somebody else has this name or e-mail address; `details.field` says which.', 'Choose another one.')
export class AlreadyExists extends AppError {
  readonly code = 'ALREADY_EXISTS';
  readonly status = 409;

  constructor(field: 'username' | 'email') {
    super(`This ${field === 'email' ? 'e-mail address' : 'user name'} is taken.`, { field });
  }
}
