import { AppError } from '../errors/app-error.js';
import { ErrorDoc } from '../errors/error-doc.decorator.js';

@ErrorDoc(
  'The body is of a type this route does not take.',
  'Send JSON as `application/json` in UTF-8, not compressed.',
)
export class UnsupportedMediaType extends AppError {
  readonly code = 'UNSUPPORTED_MEDIA_TYPE';
  readonly status = 415;

  constructor() {
    super('Send the body as application/json.');
  }
}

@ErrorDoc(
  'The request names a host in its `Host` header that this server does not go by.',
  'Use the address of the server that its operator gives, or list the host in `ALLOWED_HOSTS`.',
)
export class HostNotAllowed extends AppError {
  readonly code = 'HOST_NOT_ALLOWED';
  readonly status = 421;

  constructor() {
    super('This server does not go by that host name.');
  }
}

@ErrorDoc(
  'HTTP itself refuses the request, in a way no other error describes better; the status varies.',
  'Mend the request.',
)
export class RequestRefused extends AppError {
  readonly code = 'REQUEST_REFUSED';

  constructor(readonly status: number) {
    super('The request was refused.');
  }
}
