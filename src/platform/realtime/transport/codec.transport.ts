import type { EncodedFrame } from '../protocol/encoded-frame.js';
import type { Packet, Reply, WebSocketPacket } from '../protocol/packet.js';
import type { SocketCodec } from './socket-codec.js';
import type { Transport } from './transport.js';
import type { WebSocketTransport } from './web-socket.transport.js';

/** A plain WebSocket whose client speaks another protocol. */
export class CodecTransport implements Transport {
  readonly kind = 'websocket';

  constructor(
    private readonly wire: WebSocketTransport,
    private readonly codec: SocketCodec,
  ) {}

  get bufferedBytes(): number {
    return this.wire.bufferedBytes;
  }

  send(packet: Packet, onFlushed?: () => void): void {
    const written = this.codec.write(packet as EncodedFrame | Reply);
    const packets: readonly WebSocketPacket[] = written === undefined ? [] : 'size' in written ? [written] : written;
    packets.forEach((each, index) => this.wire.send(each, index === packets.length - 1 ? onFlushed : undefined));
    // `onFlushed` is called in a later turn of the event loop, as on a real wire.
    if (packets.length === 0 && onFlushed) setImmediate(onFlushed);
  }

  ping(): void {
    this.wire.ping();
  }

  close(code: number, reason: string): void {
    const closing = this.codec.closing?.(code, reason) ?? { code, reason };
    this.wire.close(closing.code, closing.reason);
  }
}
