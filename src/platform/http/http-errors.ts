import { defineError } from '../errors/app-error.js';

export class UnsupportedMediaType extends defineError('UNSUPPORTED_MEDIA_TYPE', 415, {
  message: (type: string = 'application/json') => `Send the body as ${type}.`,
  meaning: 'The route does not accept a body of this type.',
  action: 'Send JSON as `application/json` in UTF-8, not compressed; what continues an upload, as the message says.',
}) {
  static expecting(type: string): UnsupportedMediaType {
    return new UnsupportedMediaType(type);
  }
}

export class HostNotAllowed extends defineError('HOST_NOT_ALLOWED', 421, {
  message: 'This is not a host name of this server.',
  meaning: 'The `Host` header of the request is not a host name of this server.',
  action: 'Use the URL that the operator of the server provides, or add the host to `ALLOWED_HOSTS`.',
}) {}

export class RequestRefused extends defineError('REQUEST_REFUSED', undefined, {
  message: 'The request was refused.',
  meaning: 'The request violates HTTP in a way that no other error describes; the status varies.',
  action: 'Correct the request.',
}) {
  constructor(override readonly status: number) {
    super();
  }
}
