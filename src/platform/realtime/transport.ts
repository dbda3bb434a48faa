import type { Packet } from './packet.js';

export type TransportKind = 'websocket' | 'socket.io';

/**
 * What a connection needs of the wire below it. Nothing here waits, nothing throws, and nothing happens after `close`.
 */
export interface Transport {
  readonly kind: TransportKind;
  /** Bytes written that the peer has not taken yet, as far as this process can see. */
  readonly bufferedBytes: number;
  /** Writes at once, whatever is buffered; `onFlushed` is called when this packet has left the process, or never. */
  send(packet: Packet, onFlushed?: () => void): void;
  ping(): void;
  close(code: number, reason: string): void;
}
