import type { FrameClass } from './encoded-frame.js';
import type { Position } from './live-connection.js';
import type { Packet } from './packet.js';
import type { RealtimeSettings } from './realtime-settings.js';
import type { Transport } from './transport.js';

/** `owed`: replies and replays, of which none may be lost. */
export type DeliveryClass = FrameClass | 'owed';

export interface FrameRouting {
  readonly position?: Position;
  readonly key?: string;
}

interface Entry {
  packet: Packet;
  readonly deliveryClass: DeliveryClass;
  readonly position: Position | undefined;
  /** Of state that a newer one may replace while it is queued. */
  readonly key: string | undefined;
}

/** The connection a queue belongs to. */
export interface QueueOwner {
  /** The queue is empty and nothing was lost: it may be thrown away. */
  onDrained(): void;
  /** The reader is too slow to be kept. */
  onTooSlow(): void;
  /** Has the log read again from these positions; see `SlowConsumerRecovery`. */
  catchUp(from: ReadonlyMap<string, number>): Promise<void>;
}

/**
 * What a connection has not handed to its transport yet. It exists only while there is something to keep: a slow
 * reader, a replay that goes first, a gap that is being filled. Above the soft bound ephemeral frames go and newer
 * state replaces older; above the hard one durable frames go, too, and their streams are remembered as dirty.
 *
 * Invariant: a stream that lost a frame gets no later one before the log was read again, so a reader sees a prefix of
 * every stream, then the missing part or a `resync`, then the rest.
 */
export class OutboundQueue {
  private entries: Entry[] = [];
  private head = 0;
  private bytes = 0;
  private reliableBytes = 0;
  /** The transport holds enough; it will tell when the last packet is out. */
  private isBlocked = false;
  private isCorked = false;
  /** Live frames kept aside while a replay goes first: of all streams, or while gaps are filled, of `filling`. */
  private deferred: Entry[] | undefined;
  private recovering: Map<string, number> | undefined;
  /** Streams that lost frames, with the last position before the first loss. */
  private gapped: Map<string, number> | undefined;
  private newestState: Map<string, Entry> | undefined;
  private since = performance.now();

  constructor(
    private readonly transport: Transport,
    private readonly settings: RealtimeSettings,
    private readonly owner: QueueOwner,
  ) {}

  push(packet: Packet, deliveryClass: DeliveryClass, routing: FrameRouting = {}): void {
    const { position, key } = routing;
    if (deliveryClass === 'durable' && position && this.isLost(position)) return;
    if (deliveryClass === 'state' && key && this.replaceState(key, packet)) return;
    if (deliveryClass !== 'owed' && this.isOver(deliveryClass)) {
      if (deliveryClass === 'durable') this.dropDurable(position);
      return;
    }
    const entry: Entry = { packet, deliveryClass, position, key: deliveryClass === 'state' ? key : undefined };
    if (
      this.deferred &&
      deliveryClass !== 'owed' &&
      (!this.recovering || (position && this.recovering.has(position.streamId)))
    ) {
      this.deferred.push(entry);
      this.bytes += packet.size;
      return;
    }
    if (entry.key) (this.newestState ??= new Map()).set(entry.key, entry);
    this.enqueue(entry);
  }

  /** A frame of a replay: goes before everything that is kept aside. */
  pushReplayed(packet: Packet, position?: Position): void {
    if (position && this.recovering) this.recovering.set(position.streamId, position.seq);
    this.enqueue({ packet, deliveryClass: 'owed', position, key: undefined });
  }

  /** Nothing leaves before `uncork`. */
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
    // Engine.IO forgets callbacks of a transport that was upgraded meanwhile.
    if (this.isBlocked && this.transport.bufferedBytes === 0) this.flushed();
    if (!this.isBlocked) return;
    const waited = performance.now() - this.since;
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
    if (entry.deliveryClass === 'owed') this.reliableBytes += entry.packet.size;
  }

  private drainToTransport(): void {
    const { transport, settings } = this;
    while (!this.isBlocked && !this.isCorked && this.head < this.entries.length) {
      const entry = this.entries[this.head++]!;
      const { packet } = entry;
      this.bytes -= packet.size;
      if (entry.deliveryClass === 'owed') this.reliableBytes -= packet.size;
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

  /** Everything is out. */
  private onEmpty(): void {
    this.since = performance.now();
    if (this.deferred) return;
    if (this.gapped) void this.fillGaps(this.gapped);
    else this.owner.onDrained();
  }

  /** Frames of the dirty streams that come while the log is read are kept aside, or lost again. */
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

  /** What was lost again while the log was read need not be read again as far as it was reached. */
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

  private isOver(deliveryClass: FrameClass): boolean {
    const { settings } = this;
    const bytes = this.bytes + this.transport.bufferedBytes;
    // A resume cursor is ephemeral: it says that everything before it was handed over, so none may pass a lost frame.
    if (deliveryClass === 'ephemeral') return !!this.gapped || !!this.recovering || bytes >= settings.softQueueBytes;
    const frames = this.entries.length - this.head + (this.deferred?.length ?? 0);
    if (bytes >= settings.hardQueueBytes || frames >= settings.hardQueueFrames) return true;
    return this.isBlocked && performance.now() - this.since >= settings.hardQueueMs;
  }

  /**
   * Drops what is durable and can be read again, so that the queue is small and only streams are remembered; and what
   * is ephemeral, since a resume cursor among it says that the frames before it have been handed over.
   */
  private dropDurable(arriving: Position | undefined): void {
    this.entries = this.entries.slice(this.head).filter((entry) => this.survives(entry));
    this.head = 0;
    if (arriving) this.markGapped(arriving, 0);
    // What is aside goes behind the replay: when a stream loses an early frame, its later ones have to go as well.
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
    const ensureQueue = this.newestState?.get(key);
    if (!ensureQueue) return false;
    this.bytes += packet.size - ensureQueue.packet.size;
    ensureQueue.packet = packet;
    return true;
  }
}
