import type { Socket } from 'socket.io';
import { CLOSE_REASONS, reconnects } from '../connection/close-reasons.js';
import { type EngineWriteOptions, encodeTextFrame, type Packet } from '../protocol/packet.js';
import type { Transport } from './transport.js';
import { corkUntilNextTick } from './cork-until-next-tick.js';
import type { FrameSender } from './web-socket.transport.js';

/** The parts of Engine.IO's socket that are used to write encoded packets and to read its buffer size. */
export interface EngineSocket {
  readonly readyState: string;
  readonly writeBuffer: readonly unknown[];
  readonly transport: { readonly name: string; readonly writable: boolean; readonly socket?: FrameSender };
  request: unknown;
  write(data: string, options: EngineWriteOptions, onFlushed?: () => void): void;
  close(discard?: boolean): void;
}

/** Shared by all packets: Engine.IO does not modify it if `compress` is false. */
const PLAIN: EngineWriteOptions = { compress: false };

/**
 * Socket.IO in the default namespace. Packets are written to Engine.IO directly: Socket.IO would encode the same event
 * again for each receiver, and it neither bounds nor reports its buffer.
 */
export class SocketIoTransport implements Transport {
  readonly kind = 'socket.io';
  private readonly engine: EngineSocket;
  private unflushed = 0;

  constructor(private readonly socket: Socket) {
    this.engine = socket.conn as unknown as EngineSocket;
  }

  /** Bytes written since Engine.IO's buffer was last empty: never less than what is actually buffered. */
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
        packet.engineOptions?.wsPreEncodedFrame ?? [encodeTextFrame(`4${packet.socketIo}`)],
        onFlushed,
      );
      return;
    }
    this.unflushed = this.bufferedBytes + packet.size;
    const options = (engine.transport.name === 'websocket' ? packet.engineOptions : undefined) ?? PLAIN;
    engine.write(packet.socketIo, options, onFlushed && this.flushing(onFlushed));
  }

  /**
   * The WebSocket below Engine.IO, if Engine.IO's own queue is empty. Writing to it avoids that queue, which passes on
   * one packet at a time, each in a separate write.
   */
  private carrier(): FrameSender | undefined {
    const { transport, writeBuffer } = this.engine;
    return transport.name === 'websocket' && writeBuffer.length === 0 ? transport.socket : undefined;
  }

  /** Engine.IO has its own heartbeat. */
  ping(): void {}

  /**
   * Socket.IO has no close codes: a client that receives DISCONNECT stays away, one whose connection just ends
   * reconnects.
   */
  close(code: number): void {
    if (code === CLOSE_REASONS.slow.code) this.engine.close(true);
    else if (reconnects(code)) this.engine.close();
    else this.socket.disconnect(true);
  }

  /**
   * Wraps `onFlushed`. All earlier writes are flushed with this one, and the queue sends nothing while it waits for it.
   */
  private flushing(onFlushed: () => void): () => void {
    return () => {
      this.unflushed = 0;
      onFlushed();
    };
  }
}
