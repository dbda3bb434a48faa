import { AppError } from '../errors/app-error.js';
import { ErrorDoc } from '../errors/error-doc.decorator.js';

@ErrorDoc('The route does not accept a body of this type.', 'Send JSON as `application/json` in UTF-8, not compressed.')
export class UnsupportedMediaType extends AppError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
  readonly status = 415;

  constructor() {
    super('Send the body as application/json.');
  }
}

@ErrorDoc(
  'The `Host` header of the request is not a host name of this server.',
  'Use the URL that the operator of the server provides, or add the host to `ALLOWED_HOSTS`.',
)
export class HostNotAllowed extends AppError {
  readonly code = 'HOST_NOT_ALLOWED';
  readonly status = 421;

  constructor() {
    super('This is not a host name of this server.');
  }
}

@ErrorDoc(
  'The request violates HTTP in a way that no other error describes; the status varies.',
  'Correct the request.',
)
export class RequestRefused extends AppError {
  readonly code = 'REQUEST_REFUSED';

  constructor(readonly status: number) {
    super('The request was refused.');
  }
}
