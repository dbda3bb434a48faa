/*
 * transport/: the wire. Plain WebSocket, Socket.IO and the codecs of other protocols, and all that is checked before
 * a connection exists.
 *
 * Life cycle of an upgrade: `UpgradeRoutes` has the only listener and finds the route by its path; `ConnectionGate`
 * applies draining, origin and the limits of the IP address; `Handshake` finds and checks the credential; then the
 * server of the route accepts the socket and creates a `Connection` over its `Transport`.
 *
 * Invariants: an upgrade that is refused gets an HTTP response or a close code, and its socket is destroyed. A
 * transport knows no event, stream or user. A packet is encoded once, however many transports send it.
 */
import type { Packet } from '../protocol/packet.js';

export type TransportKind = 'websocket' | 'socket.io';

/**
 * What a connection needs of the wire below it. No method waits or throws, and none has an effect after `close`.
 */
export interface Transport {
  readonly kind: TransportKind;
  /** Bytes written that the peer has not read yet, as far as this process knows. */
  readonly bufferedBytes: number;
  /** Writes at once, whatever is buffered; `onFlushed` is called when this packet has left the process, or never. */
  send(packet: Packet, onFlushed?: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
}
