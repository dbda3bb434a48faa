import { AppError } from '../errors/app-error.js';

/** The body is of a type this route does not take. JSON routes take `application/json` in UTF-8, not compressed. */
export class UnsupportedMediaType extends AppError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
  readonly status = 415;

  constructor() {
    super('Send the body as application/json.');
  }
}

/** HTTP itself refuses the request, in a way no error of ours describes better. */
export class RequestRefused extends AppError {
  readonly code = 'REQUEST_REFUSED';

  constructor(readonly status: number) {
    super('The request was refused.');
  }
}
