import type { LimitProfile } from '../../throttling/limits.js';
import type { EncodedFrame } from '../protocol/encoded-frame.js';
import type { Reply, WebSocketPacket } from '../protocol/packet.js';

/**
 * A request of a client in the terms of the command table: a frame type of this protocol, its data and its id.
 */
export interface CodecRequest {
  readonly type: string;
  readonly data: unknown;
  /** With an id, the result or the error is passed to `write` as a `Reply` of that id. */
  readonly id?: string;
}

/**
 * Translates another protocol: it decodes the frames of its clients and encodes frames for them. There is one object
 * for each connection, so it may store state of its client. What is the same for all receivers of a frame is computed
 * once, with `EncodedFrame.translated`.
 */
export interface SocketCodec {
  /** The name under which gateways declare the frames of the protocol: `@Gateway('rooms')`. */
  readonly protocol: string;
  /** Limits of these sockets in place of the general ones, with the same counters. */
  readonly limits?: LimitProfile;
  /** @throws AppError, which is sent to the client in the format of its protocol */
  read(text: string): CodecRequest;
  /** What is sent to the client for this packet; undefined if its protocol has no equivalent. */
  write(packet: EncodedFrame | Reply): WebSocketPacket | readonly WebSocketPacket[] | undefined;
  /** The close code and reason of this protocol; by default Parley's own are sent. */
  closing?(code: number, reason: string): { code: number; reason: string };
}
