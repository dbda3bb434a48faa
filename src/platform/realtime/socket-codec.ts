import type { LimitProfile } from '../throttling/limits.js';
import type { EncodedFrame } from './encoded-frame.js';
import type { Reply, WebSocketPacket } from './packet.js';

/**
 * What a client asks, in the terms of the command table: a frame type of this protocol, its data, and how to name it.
 */
export interface CodecRequest {
  readonly type: string;
  readonly data: unknown;
  /** With an id the answer, or the error, comes back to `write` as a `Reply` of that id. */
  readonly id?: string;
}

/**
 * Another protocol over the same connection: it reads what its clients say and writes what they understand. One object
 * a connection, so it may remember what its client told it; what is the same for all receivers of a frame it makes with
 * `EncodedFrame.translated`, once.
 */
export interface SocketCodec {
  /** Under this name gateways declare the frames of the protocol: `@Gateway('rooms')`. */
  readonly protocol: string;
  /** The numbers that hold on these sockets instead of the general ones, against the same counters. */
  readonly limits?: LimitProfile;
  /** @throws AppError, which the client is told of in the words of its protocol */
  read(text: string): CodecRequest;
  /** What the client is sent for this; nothing for what its protocol has no word for. */
  write(packet: EncodedFrame | Reply): WebSocketPacket | readonly WebSocketPacket[] | undefined;
  /** The close code and reason of this protocol; left out, ours go. */
  closing?(code: number, reason: string): { code: number; reason: string };
}
