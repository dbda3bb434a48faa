import type { Socket } from 'socket.io';
import { CLOSE_REASONS, reconnects } from './close-reasons.js';
import { type EngineWriteOptions, frameText, type Packet } from './packet.js';
import type { Transport } from './transport.js';
import { corkUntilNextTick } from './write-coalescing.js';
import type { FrameSender } from './web-socket.transport.js';

/** What of Engine.IO's socket is used to write packets encoded before, and to see how many it holds. */
export interface EngineSocket {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: { readonly name: string; readonly writable: boolean; readonly socket?: FrameSender };
  request: unknown;
  write(data: string, options: EngineWriteOptions, onFlushed?: () => void): void;
  close(discard?: boolean): void;
}

/** Shared: Engine.IO changes nothing in it, `compress` being false. */
const PLAIN: EngineWriteOptions = { compress: false };

/**
 * Socket.IO in the default namespace. Packets go to Engine.IO directly: Socket.IO would encode the same event again for
 * each receiver, and it neither bounds nor tells what it holds.
 */
export class SocketIoTransport implements Transport {
  readonly kind = 'socket.io';
  private readonly engine: EngineSocket;
  private unflushed = 0;

  constructor(private readonly socket: Socket) {
    this.engine = socket.conn as unknown as EngineSocket;
  }

  /** Everything since the last moment at which Engine.IO held nothing: never less than what is really buffered. */
  get bufferedBytes(): number {
    const carrier = this.carrier();
    if (carrier) return carrier.bufferedAmount;
    if (this.unflushed > 0 && this.engine.writeBuffer.length === 0 && this.engine.transport.writable) {
      this.unflushed = 0;
    }
    return this.unflushed;
  }

  send(packet: Packet, onFlushed?: () => void): void {
    const { engine } = this;
    if (engine.readyState !== 'open') return;
    const carrier = this.carrier();
    if (carrier) {
      corkUntilNextTick(carrier._socket);
      carrier._sender.sendFrame(
        packet.engineOptions?.wsPreEncodedFrame ?? [frameText(`4${packet.socketIo}`)],
        onFlushed,
      );
      return;
    }
    this.unflushed = this.bufferedBytes + packet.size;
    const options = (engine.transport.name === 'websocket' ? packet.engineOptions : undefined) ?? PLAIN;
    engine.write(packet.socketIo, options, onFlushed && this.flushing(onFlushed));
  }

  /**
   * The WebSocket below Engine.IO while nothing waits in Engine.IO's own queue: it hands over one packet at a time and
   * each in a write of its own.
   */
  private carrier(): FrameSender | undefined {
    const { transport, writeBuffer } = this.engine;
    return transport.name === 'websocket' && writeBuffer.length === 0 ? transport.socket : undefined;
  }

  /** Engine.IO has its own heartbeat. */
  ping(): void {}

  /** Socket.IO knows no codes: a client told DISCONNECT stays away, one whose connection just ends comes back. */
  close(code: number): void {
    if (code === CLOSE_REASONS.slow.code) this.engine.close(true);
    else if (reconnects(code)) this.engine.close();
    else this.socket.disconnect(true);
  }

  /** All writes before this one are flushed with it, and the queue sends nothing while it waits for it. */
  private flushing(onFlushed: () => void): () => void {
    return () => {
      this.unflushed = 0;
      onFlushed();
    };
  }
}
