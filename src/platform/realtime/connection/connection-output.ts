import { Logger } from '@nestjs/common';
import { CLOSE_REASONS, type CloseReason } from './close-reasons.js';
import type { Connections } from './connections.js';
import type { EncodedFrame, FrameClass } from '../protocol/encoded-frame.js';
import type { LiveConnection, Position, SlowConsumerRecovery } from './live-connection.js';
import { OutboundQueue, type DeliveryClass, type FrameRouting, type QueueOwner } from './outbound-queue.js';
import type { Packet } from '../protocol/packet.js';
import type { RealtimeSettings } from './realtime-settings.js';
import type { ConnectionAttacher } from '../resume/connection-attacher.js';
import type { Transport } from '../transport/transport.js';
import type { Authenticator } from '../../identity/authenticator.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** Shared by all connections: while the log cannot be read, all slow consumers are closed. */
const recoveryFailures = new RepeatedWarning(new Logger('Connection'), 'a slow consumer could not be caught up', {
  recovered: 'slow consumers are caught up again',
  level: 'error',
});

/** What all connections of this node share; see `ConnectionFactory`. */
export interface ConnectionContext {
  readonly settings: RealtimeSettings;
  readonly connections: Connections;
  readonly authenticator: Authenticator;
  readonly attacher: ConnectionAttacher;
  readonly recovery: SlowConsumerRecovery;
}

/**
 * The output of a connection: frames are passed directly to the transport while the client reads fast enough, and
 * through a queue while it does not. The direct path allocates nothing.
 */
export abstract class ConnectionOutput implements QueueOwner {
  private queue: OutboundQueue | undefined;

  constructor(
    protected readonly transport: Transport,
    protected readonly context: ConnectionContext,
  ) {}

  abstract get isClosed(): boolean;
  abstract closeWith(reason: CloseReason): void;

  deliver(frame: EncodedFrame, frameClass: FrameClass, routing?: FrameRouting): void {
    if (this.isClosed) return;
    if (this.queue === undefined && this.transport.bufferedBytes < this.context.settings.transportBytes) {
      this.transport.send(frame);
    } else {
      this.ensureQueue().push(frame, frameClass, routing);
    }
  }

  deliverNow(frame: EncodedFrame, position?: Position): void {
    if (this.isClosed) return;
    if (this.queue) this.queue.pushReplayed(frame, position);
    else this.enqueue(frame, 'reliable');
  }

  deferLive(): void {
    if (!this.isClosed) this.ensureQueue().deferLive();
  }

  release(covered: (position: Position) => boolean): void {
    this.queue?.release(covered);
  }

  checkDeadlines(): void {
    this.queue?.checkDeadlines();
  }

  onDrained(): void {
    this.releaseQueue();
  }

  onTooSlow(): void {
    this.closeWith(CLOSE_REASONS.slow);
  }

  async catchUp(this: ConnectionOutput & LiveConnection, from: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.context.recovery.catchUp(this, from);
      recoveryFailures.worked();
    } catch (error) {
      recoveryFailures.failed({ err: error });
      this.closeWith(CLOSE_REASONS.failed); // the client resumes and receives the missed events then
    }
  }

  /** Whether frames are queued. */
  protected get isBehind(): boolean {
    return this.queue !== undefined;
  }

  /** Queues everything until `uncork`, because `ready` is sent first. */
  protected cork(): void {
    this.ensureQueue().cork();
  }

  protected uncork(): void {
    this.queue?.uncork();
  }

  protected releaseQueue(): void {
    this.queue = undefined;
    this.context.connections.slow.delete(this);
  }

  protected enqueue(packet: Packet, deliveryClass: DeliveryClass): void {
    if (this.queue === undefined && this.transport.bufferedBytes < this.context.settings.transportBytes) {
      this.transport.send(packet);
    } else {
      this.ensureQueue().push(packet, deliveryClass);
    }
  }

  private ensureQueue(): OutboundQueue {
    if (!this.queue) {
      this.queue = new OutboundQueue(this.transport, this.context.settings, this);
      this.context.connections.slow.add(this);
    }
    return this.queue;
  }
}
