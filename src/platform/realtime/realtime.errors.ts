import { AppError } from '../errors/app-error.js';
import { ErrorDoc } from '../errors/error-doc.decorator.js';

/** After this time it is worth asking whether another connection has been closed. */
const RETRY_SECONDS = 30;

@ErrorDoc(
  'The frame is not JSON text of one object with a `type`.',
  'Mend the client; ten of them in ten seconds end the connection.',
)
export class InvalidFrame extends AppError {
  readonly code = 'INVALID_FRAME';
  readonly status = 400;

  constructor(reason: string) {
    super('The frame is not valid.', { reason });
  }
}

@ErrorDoc('There is no request of this type.', 'Look it up in `/asyncapi.json`.')
export class UnknownFrameType extends AppError {
  readonly code = 'UNKNOWN_FRAME_TYPE';
  readonly status = 400;

  constructor() {
    super('There is no such request.');
  }
}

@ErrorDoc(
  'The connection has as many unanswered requests as it may (`details.limit`).',
  'Wait for replies before the next one.',
)
export class TooManyInFlight extends AppError {
  readonly code = 'TOO_MANY_IN_FLIGHT';
  readonly status = 429;

  constructor(limit: number) {
    super('Too many requests are waiting for their answers.', { limit });
  }
}

@ErrorDoc('The connection has said who it is already.', 'Prolong it with `auth.refresh`.')
export class AlreadyAuthenticated extends AppError {
  readonly code = 'ALREADY_AUTHENTICATED';
  readonly status = 409;

  constructor() {
    super('This connection is authenticated already.');
  }
}

@ErrorDoc('A page of a foreign origin tried to open a socket.', 'List the origin in `ALLOWED_ORIGINS`.')
export class OriginNotAllowed extends AppError {
  readonly code = 'ORIGIN_NOT_ALLOWED';
  readonly status = 403;

  constructor() {
    super('Pages of this origin may not connect.');
  }
}

@ErrorDoc(
  'The address (`details.counted_by`; `SOCKETS_PER_ADDRESS`) or the user has as many open sockets as it may.',
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
  'An HTTP request names a session of Socket.IO (`sid`) that this process does not have: it is over, or another process behind the balancer has it.',
  "Open another one. Behind several processes connect with `transports: ['websocket']`, or make the balancer sticky.",
)
export class SocketSessionUnknown extends AppError {
  readonly code = 'SOCKET_SESSION_UNKNOWN';
  readonly status = 400;

  constructor() {
    super(
      'This process has no such Socket.IO session. Polling needs a balancer that sends all requests of a client to one ' +
        "process; connect with transports: ['websocket'] otherwise.",
    );
  }
}

@ErrorDoc(
  'An HTTP request for a session of Socket.IO (`sid`) comes from another address than the session, or the session is a WebSocket already.',
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
  'Socket.IO over HTTP polling is switched off here (`SOCKET_IO_POLLING`).',
  "Connect with `transports: ['websocket']`.",
)
export class PollingDisabled extends AppError {
  readonly code = 'POLLING_DISABLED';
  readonly status = 400;

  constructor() {
    super("Polling is switched off on this server. Connect with transports: ['websocket'].");
  }
}
