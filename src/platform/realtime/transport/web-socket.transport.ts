import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { WebSocketPacket } from '../protocol/packet.js';
import type { Transport } from './transport.js';
import { corkUntilNextTick } from './write-coalescing.js';

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
