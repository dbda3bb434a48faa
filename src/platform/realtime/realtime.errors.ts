import { defineError } from '../errors/app-error.js';
import { integer, LIMIT_DETAILS, optional, RETRY_AFTER_DETAILS, text, oneOf } from '../errors/error-details.js';

/** After this time another connection may have been closed, and a retry may succeed. */
const RETRY_SECONDS = 30;

export class InvalidFrame extends defineError('INVALID_FRAME', 400, {
  message: 'The frame is not valid.',
  meaning: 'The frame is not JSON text of one object with a `type`.',
  action: 'Correct the client. More than ten in ten seconds close the connection.',
  details: { fields: { reason: text('For people; may change') }, of: (reason: string) => ({ reason }) },
}) {}

export class UnknownFrameType extends defineError('UNKNOWN_FRAME_TYPE', 400, {
  message: 'There is no request of this type.',
  meaning: 'There is no request of this type.',
  action: 'See `/asyncapi.json` for the types.',
}) {}

export class TooManySubscriptions extends defineError('TOO_MANY_SUBSCRIPTIONS', 409, {
  message: 'This connection has subscribed to as many conversations as it may.',
  meaning: 'A connection of a server key has subscribed to `details.limit` conversations; only the frame `subscribe`.',
  action: 'Unsubscribe from others, or open another connection.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}

export class TooManyInFlight extends defineError('TOO_MANY_IN_FLIGHT', 429, {
  message: 'Too many requests are waiting for their replies.',
  meaning: 'The connection has reached the limit of requests without a reply (`details.limit`).',
  action: 'Wait for a reply before the next request.',
  details: { fields: LIMIT_DETAILS, of: (limit: number) => ({ limit }) },
}) {}

export class AlreadyAuthenticated extends defineError('ALREADY_AUTHENTICATED', 409, {
  message: 'This connection is already authenticated.',
  meaning: 'The connection is already authenticated.',
  action: 'Extend it with `auth.refresh`.',
}) {}

export class OriginNotAllowed extends defineError('ORIGIN_NOT_ALLOWED', 403, {
  message: 'Pages of this origin may not connect.',
  meaning: 'A page of an origin that is not allowed tried to open a socket.',
  action: 'List the origin in `ALLOWED_ORIGINS`.',
}) {}

export class TooManyConnections extends defineError('TOO_MANY_CONNECTIONS', 429, {
  message: 'Too many open connections.',
  meaning:
    'The IP address (`details.counted_by`; `SOCKETS_PER_ADDRESS`) or the user has reached the limit of open sockets.',
  action: 'Close one, or wait `details.retry_after` seconds.',
  details: {
    fields: {
      ...RETRY_AFTER_DETAILS,
      limit: optional(integer('The maximum of the IP address')),
      counted_by: optional(oneOf('Only for the limit of the IP address', 'address')),
    },
    of: (counted: { limit?: number; counted_by?: 'address' } = {}) => ({ retry_after: RETRY_SECONDS, ...counted }),
  },
}) {}

export class SocketSessionUnknown extends defineError('SOCKET_SESSION_UNKNOWN', 400, {
  message:
    'This process has no such Socket.IO session. Polling requires a load balancer that sends all requests of a client ' +
    "to one process; otherwise connect with transports: ['websocket'].",
  meaning:
    'An HTTP request names a session of Socket.IO (`sid`) that this process does not have: it has ended, or it belongs to another process behind the load balancer.',
  action:
    "Open another session. With several processes connect with `transports: ['websocket']`, or configure sticky sessions in the load balancer.",
}) {}

export class SocketSessionTaken extends defineError('SOCKET_SESSION_TAKEN', 400, {
  message: 'This Socket.IO session cannot be continued from here.',
  meaning:
    'An HTTP request for a session of Socket.IO (`sid`) comes from another IP address than the session, or the session is already a WebSocket.',
  action: 'Open another session.',
}) {}

export class PollingDisabled extends defineError('POLLING_DISABLED', 400, {
  message: "Polling is disabled on this server. Connect with transports: ['websocket'].",
  meaning: 'Socket.IO over HTTP polling is disabled on this server (`SOCKET_IO_POLLING`).',
  action: "Connect with `transports: ['websocket']`.",
}) {}
