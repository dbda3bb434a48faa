import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { WebSocketPacket, Packet, Reply } from '../protocol/packet.js';
import type { Transport } from './transport.js';
import { corkUntilNextTick } from './cork-until-next-tick.js';
import type { EncodedFrame } from '../protocol/encoded-frame.js';
import type { SocketCodec } from './socket-codec.js';

/** Internals of `ws` that accept encoded frames. The Socket.IO transport uses them as well. */
export interface FrameSender {
  readonly bufferedAmount: number;
  _sender: { sendFrame(frame: Buffer[], onFlushed?: () => void): void };
  _socket: Socket;
}

/** Plain WebSocket with one frame in each text message. */
export class WebSocketTransport implements Transport {
  readonly kind = 'websocket';

  constructor(private readonly socket: WebSocket) {}

  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  send(packet: WebSocketPacket, onFlushed?: () => void): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const { _sender: sender, _socket: socket } = this.socket as unknown as FrameSender;
    corkUntilNextTick(socket);
    sender.sendFrame([packet.webSocketFrame], onFlushed);
  }

  ping(): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.ping();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }
}

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
