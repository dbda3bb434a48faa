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
