import { Logger } from '@nestjs/common';
import { CLOSE, type Farewell } from './close-codes.js';
import type { ConnectionHost } from './connection-host.js';
import type { EncodedFrame, FrameClass } from './encoded-frame.js';
import type { LiveConnection, Position } from './live-connection.js';
import { OutboundQueue, type Owing, type Place, type QueueOwner } from './outbound-queue.js';
import type { Packet } from './packet.js';
import type { Transport } from './transport.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** By all connections: where the log cannot be read, all slow readers end. */
const ungiven = new RepeatedWarning(new Logger('Connection'), 'a slow reader could not be given what it missed', {
  over: 'slow readers are given what they missed again',
  level: 'error',
});

/**
 * The way out of a connection: straight to the transport while its reader keeps up, through a queue while it does not.
 * The straight way allocates nothing.
 */
export abstract class ConnectionOutput implements QueueOwner {
  private queue: OutboundQueue | undefined;

  constructor(
    protected readonly transport: Transport,
    protected readonly host: ConnectionHost,
  ) {}

  abstract get isClosed(): boolean;
  abstract bid(farewell: Farewell): void;

  deliver(frame: EncodedFrame, frameClass: FrameClass, place?: Place): void {
    if (this.isClosed) return;
    if (this.queue === undefined && this.transport.bufferedBytes < this.host.settings.transportBytes) {
      this.transport.send(frame);
    } else {
      this.queued().push(frame, frameClass, place);
    }
  }

  deliverNow(frame: EncodedFrame, position?: Position): void {
    if (this.isClosed) return;
    if (this.queue) this.queue.pushReplayed(frame, position);
    else this.hand(frame, 'owed');
  }

  holdBack(): void {
    if (!this.isClosed) this.queued().holdBack();
  }

  release(covered: (position: Position) => boolean): void {
    this.queue?.release(covered);
  }

  checkDeadlines(): void {
    this.queue?.checkDeadlines();
  }

  drained(): void {
    this.dropQueue();
  }

  tooSlow(): void {
    this.bid(CLOSE.slow);
  }

  async catchUp(from: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.host.catchUp.catchUp(this as unknown as LiveConnection, from);
      ungiven.worked();
    } catch (error) {
      ungiven.failed({ err: error });
      this.bid(CLOSE.failed); // it resumes, and is given it then
    }
  }

  /** Whether something waits for the reader. */
  protected get isBehind(): boolean {
    return this.queue !== undefined;
  }

  /** Keeps everything until `uncork`: `ready` goes first. */
  protected cork(): void {
    this.queued().cork();
  }

  protected uncork(): void {
    this.queue?.uncork();
  }

  protected dropQueue(): void {
    this.queue = undefined;
    this.host.connections.slow.delete(this);
  }

  protected hand(packet: Packet, owing: Owing): void {
    if (this.queue === undefined && this.transport.bufferedBytes < this.host.settings.transportBytes) {
      this.transport.send(packet);
    } else {
      this.queued().push(packet, owing);
    }
  }

  private queued(): OutboundQueue {
    if (!this.queue) {
      this.queue = new OutboundQueue(this.transport, this.host.settings, this);
      this.host.connections.slow.add(this);
    }
    return this.queue;
  }
}
