import { AppError } from '../errors/app-error.js';
import { ErrorDoc } from '../errors/error-doc.decorator.js';

/** After this time another connection may have been closed, and a retry may succeed. */
const RETRY_SECONDS = 30;

@ErrorDoc(
  'The frame is not JSON text of one object with a `type`.',
  'Correct the client. More than ten in ten seconds close the connection.',
)
export class InvalidFrame extends AppError {
  readonly code = 'INVALID_FRAME';
  readonly status = 400;

  constructor(reason: string) {
    super('The frame is not valid.', { reason });
  }
}

@ErrorDoc('There is no request of this type.', 'See `/asyncapi.json` for the types.')
export class UnknownFrameType extends AppError {
  readonly code = 'UNKNOWN_FRAME_TYPE';
  readonly status = 400;

  constructor() {
    super('There is no request of this type.');
  }
}

@ErrorDoc(
  'The connection has reached the limit of requests without a reply (`details.limit`).',
  'Wait for a reply before the next request.',
)
export class TooManyInFlight extends AppError {
  readonly code = 'TOO_MANY_IN_FLIGHT';
  readonly status = 429;

  constructor(limit: number) {
    super('Too many requests are waiting for their replies.', { limit });
  }
}

@ErrorDoc('The connection is already authenticated.', 'Extend it with `auth.refresh`.')
export class AlreadyAuthenticated extends AppError {
  readonly code = 'ALREADY_AUTHENTICATED';
  readonly status = 409;

  constructor() {
    super('This connection is already authenticated.');
  }
}

@ErrorDoc('A page of an origin that is not allowed tried to open a socket.', 'List the origin in `ALLOWED_ORIGINS`.')
export class OriginNotAllowed extends AppError {
  readonly code = 'ORIGIN_NOT_ALLOWED';
  readonly status = 403;

  constructor() {
    super('Pages of this origin may not connect.');
  }
}

@ErrorDoc(
  'The IP address (`details.counted_by`; `SOCKETS_PER_ADDRESS`) or the user has reached the limit of open sockets.',
  'Close one, or wait `details.retry_after` seconds.',
)
export class TooManyConnections extends AppError {
  readonly code = 'TOO_MANY_CONNECTIONS';
  readonly status = 429;

  constructor(counted: { limit?: number; counted_by?: 'address' } = {}) {
    super('Too many open connections.', { retry_after: RETRY_SECONDS, ...counted });
  }
}

@ErrorDoc(
  'An HTTP request names a session of Socket.IO (`sid`) that this process does not have: it has ended, or it belongs to another process behind the load balancer.',
  "Open another session. With several processes connect with `transports: ['websocket']`, or configure sticky sessions in the load balancer.",
)
export class SocketSessionUnknown extends AppError {
  readonly code = 'SOCKET_SESSION_UNKNOWN';
  readonly status = 400;

  constructor() {
    super(
      'This process has no such Socket.IO session. Polling requires a load balancer that sends all requests of a client ' +
        "to one process; otherwise connect with transports: ['websocket'].",
    );
  }
}

@ErrorDoc(
  'An HTTP request for a session of Socket.IO (`sid`) comes from another IP address than the session, or the session is already a WebSocket.',
  'Open another session.',
)
export class SocketSessionTaken extends AppError {
  readonly code = 'SOCKET_SESSION_TAKEN';
  readonly status = 400;

  constructor() {
    super('This Socket.IO session cannot be continued from here.');
  }
}

@ErrorDoc(
  'Socket.IO over HTTP polling is disabled on this server (`SOCKET_IO_POLLING`).',
  "Connect with `transports: ['websocket']`.",
)
export class PollingDisabled extends AppError {
  readonly code = 'POLLING_DISABLED';
  readonly status = 400;

  constructor() {
    super("Polling is disabled on this server. Connect with transports: ['websocket'].");
  }
}
