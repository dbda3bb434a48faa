import type { FrameClass } from '../protocol/encoded-frame.js';
import type { Position } from './live-connection.js';
import type { Packet } from '../protocol/packet.js';
import type { RealtimeSettings } from './realtime-settings.js';
import type { Transport } from '../transport/transport.js';

/** `reliable`: replies and replays, which are never dropped. */
export type DeliveryClass = FrameClass | 'reliable';

export interface FrameRouting {
  readonly position?: Position;
  readonly key?: string;
}

interface Entry {
  packet: Packet;
  readonly deliveryClass: DeliveryClass;
  readonly position: Position | undefined;
  /** Of a state frame, which a newer one with the same key replaces while it is queued. */
  readonly key: string | undefined;
}

/** The connection a queue belongs to. */
export interface QueueOwner {
  /** The queue is empty and nothing was lost, so it may be released. */
  onDrained(): void;
  /** The consumer is too slow; the connection is to be closed. */
  onTooSlow(): void;
  /** Reads the log again from these positions; see `SlowConsumerRecovery`. */
  catchUp(from: ReadonlyMap<string, number>): Promise<void>;
}

/**
 * The frames that a connection has not passed to its transport yet. It exists only while frames must wait: for a slow
 * consumer, for a replay that is sent first, or for a gap that is being filled. A newer state frame replaces a queued
 * one with the same key. Above the soft bound ephemeral frames are dropped. Above the hard bound durable frames are
 * dropped too, and their streams are recorded in `gapped`.
 *
 * Invariant: a stream that lost a frame gets no later one before the log was read again. A client sees a prefix of
 * every stream, then the missing part or a `resync`, then the rest. No cursor is sent past a lost frame.
 */
export class OutboundQueue {
  private entries: Entry[] = [];
  private head = 0;
  private bytes = 0;
  private reliableBytes = 0;
  /** The transport has buffered enough. It calls `flushed` when the last packet is written. */
  private isBlocked = false;
  private isCorked = false;
  /** Live frames that are sent after the replay: of all streams or, while gaps are filled, of those in `recovering`. */
  private deferred: Entry[] | undefined;
  /** Streams that are being read again, with the last replayed position. */
  private recovering: Map<string, number> | undefined;
  /** Streams that lost frames, with the last position before the first loss. */
  private gapped: Map<string, number> | undefined;
  private newestState: Map<string, Entry> | undefined;
  private lastEmptyAt = performance.now();

  constructor(
    private readonly transport: Transport,
    private readonly settings: RealtimeSettings,
    private readonly owner: QueueOwner,
  ) {}

  push(packet: Packet, deliveryClass: DeliveryClass, routing: FrameRouting = {}): void {
    const { position, key } = routing;
    if (deliveryClass === 'durable' && position && this.isLost(position)) return;
    if (deliveryClass === 'state' && key && this.replaceState(key, packet)) return;
    if (deliveryClass !== 'reliable' && this.exceedsBounds(deliveryClass)) {
      if (deliveryClass === 'durable') this.dropDurable(position);
      return;
    }
    const entry: Entry = { packet, deliveryClass, position, key: deliveryClass === 'state' ? key : undefined };
    if (
      this.deferred &&
      deliveryClass !== 'reliable' &&
      (!this.recovering || (position && this.recovering.has(position.streamId)))
    ) {
      this.deferred.push(entry);
      this.bytes += packet.size;
      return;
    }
    if (entry.key) (this.newestState ??= new Map()).set(entry.key, entry);
    this.enqueue(entry);
  }

  /** Enqueues a frame of a replay, before all deferred frames. */
  pushReplayed(packet: Packet, position?: Position): void {
    if (position && this.recovering) this.recovering.set(position.streamId, position.seq);
    this.enqueue({ packet, deliveryClass: 'reliable', position, key: undefined });
  }

  /** Sends nothing until `uncork`. */
  cork(): void {
    this.isCorked = true;
  }

  uncork(): void {
    this.isCorked = false;
    this.drainToTransport();
  }

  deferLive(): void {
    this.deferred ??= [];
  }

  release(covered: (position: Position) => boolean): void {
    const deferred = this.deferred ?? [];
    this.deferred = undefined;
    for (const entry of deferred) {
      this.bytes -= entry.packet.size;
      if (!entry.position || !covered(entry.position)) this.append(entry);
    }
    this.drainToTransport();
  }

  /** Called every tick while the queue exists. */
  checkDeadlines(): void {
    // Engine.IO drops the callbacks of a transport that was upgraded meanwhile.
    if (this.isBlocked && this.transport.bufferedBytes === 0) this.flushed();
    if (!this.isBlocked) return;
    const waited = performance.now() - this.lastEmptyAt;
    if (waited >= this.settings.hardQueueMs + this.settings.slowCloseMs) this.owner.onTooSlow();
    else if (waited >= this.settings.hardQueueMs) this.dropDurable(undefined);
  }

  private enqueue(entry: Entry): void {
    this.append(entry);
    if (this.reliableBytes > this.settings.reliableBytes) this.owner.onTooSlow();
    else if (!this.isBlocked && !this.isCorked) this.drainToTransport();
  }

  private append(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += entry.packet.size;
    if (entry.deliveryClass === 'reliable') this.reliableBytes += entry.packet.size;
  }

  private drainToTransport(): void {
    const { transport, settings } = this;
    while (!this.isBlocked && !this.isCorked && this.head < this.entries.length) {
      const entry = this.entries[this.head++]!;
      const { packet } = entry;
      this.bytes -= packet.size;
      if (entry.deliveryClass === 'reliable') this.reliableBytes -= packet.size;
      if (entry.key) this.newestState?.delete(entry.key);
      this.isBlocked = transport.bufferedBytes + packet.size >= settings.transportBytes;
      transport.send(packet, this.isBlocked ? this.flushed : undefined);
    }
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
      if (!this.isBlocked && !this.isCorked) this.onEmpty();
    } else if (this.head > 256) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  private readonly flushed = (): void => {
    if (!this.isBlocked) return;
    this.isBlocked = false;
    this.drainToTransport();
  };

  /** Called when all entries are written. */
  private onEmpty(): void {
    this.lastEmptyAt = performance.now();
    if (this.deferred) return;
    if (this.gapped) void this.fillGaps(this.gapped);
    else this.owner.onDrained();
  }

  /** Live frames of these streams are deferred while the log is read, or lost again. */
  private async fillGaps(from: Map<string, number>): Promise<void> {
    this.recovering = new Map(from);
    this.deferred = [];
    this.gapped = undefined;
    await this.owner.catchUp(from);
    const reached = this.recovering;
    this.recovering = undefined;
    this.advanceGaps(reached);
    this.release(({ streamId, seq }) => seq <= (reached.get(streamId) ?? 0));
  }

  /** Frames that were lost again while the log was read need not be read again up to the position it reached. */
  private advanceGaps(reached: ReadonlyMap<string, number>): void {
    const { gapped } = this;
    if (gapped) for (const [streamId, seq] of gapped) gapped.set(streamId, Math.max(seq, reached.get(streamId) ?? 0));
  }

  private isLost({ streamId, seq }: Position): boolean {
    const from = this.gapped?.get(streamId);
    if (from === undefined) return false;
    if (seq <= from) this.gapped!.set(streamId, seq - 1);
    return true;
  }

  private exceedsBounds(deliveryClass: FrameClass): boolean {
    const { settings } = this;
    const bytes = this.bytes + this.transport.bufferedBytes;
    // A resume cursor is ephemeral. It states that everything before it was sent, so none may pass a lost frame.
    if (deliveryClass === 'ephemeral') return !!this.gapped || !!this.recovering || bytes >= settings.softQueueBytes;
    const frames = this.entries.length - this.head + (this.deferred?.length ?? 0);
    if (bytes >= settings.hardQueueBytes || frames >= settings.hardQueueFrames) return true;
    return this.isBlocked && performance.now() - this.lastEmptyAt >= settings.hardQueueMs;
  }

  /**
   * Drops durable frames, which can be read again, so that only their streams are recorded. Drops ephemeral frames too,
   * because a resume cursor among them states that the frames before it have been sent.
   */
  private dropDurable(arriving: Position | undefined): void {
    this.entries = this.entries.slice(this.head).filter((entry) => this.survives(entry));
    this.head = 0;
    if (arriving) this.markGapped(arriving, 0);
    // Deferred frames are sent after the replay: if a stream loses an early frame, its later ones are dropped as well.
    this.deferred = this.deferred?.filter((entry) => this.survives(entry));
  }

  private survives({ deliveryClass, position, packet }: Entry): boolean {
    if (deliveryClass === 'durable' && position) this.markGapped(position, packet.size);
    else if (deliveryClass === 'ephemeral') this.bytes -= packet.size;
    else return true;
    return false;
  }

  private markGapped({ streamId, seq }: Position, bytes: number): void {
    this.bytes -= bytes;
    this.gapped ??= new Map();
    const before = this.gapped.get(streamId);
    if (before === undefined || seq <= before) this.gapped.set(streamId, seq - 1);
  }

  private replaceState(key: string, packet: Packet): boolean {
    const queued = this.newestState?.get(key);
    if (!queued) return false;
    this.bytes += packet.size - queued.packet.size;
    queued.packet = packet;
    return true;
  }
}
