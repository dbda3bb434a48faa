import type { FrameClass } from './encoded-frame.js';
import type { Position } from './live-connection.js';
import type { Packet } from './packet.js';
import type { RealtimeSettings } from './realtime-settings.js';
import type { Transport } from './transport.js';

/** `owed`: replies and replays, of which none may be lost. */
export type Owing = FrameClass | 'owed';

export interface Place {
  readonly position?: Position;
  readonly key?: string;
}

interface Entry {
  packet: Packet;
  readonly owing: Owing;
  readonly position: Position | undefined;
  /** Of state that a newer one may replace while it is queued. */
  readonly key: string | undefined;
}

/** The connection a queue belongs to. */
export interface QueueOwner {
  /** The queue is empty and nothing was lost: it may be thrown away. */
  drained(): void;
  /** The reader is too slow to be kept. */
  tooSlow(): void;
  /** Has the log read again from these positions; see `CatchUp`. */
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
  private owedBytes = 0;
  /** The transport holds enough; it will tell when the last packet is out. */
  private full = false;
  private corked = false;
  /** Live frames kept aside while a replay goes first: of all streams, or while gaps are filled, of `filling`. */
  private aside: Entry[] | undefined;
  private filling: Map<string, number> | undefined;
  /** Streams that lost frames, with the last position before the first loss. */
  private dirty: Map<string, number> | undefined;
  private newestState: Map<string, Entry> | undefined;
  private since = performance.now();

  constructor(
    private readonly transport: Transport,
    private readonly settings: RealtimeSettings,
    private readonly owner: QueueOwner,
  ) {}

  push(packet: Packet, owing: Owing, place: Place = {}): void {
    const { position, key } = place;
    if (owing === 'durable' && position && this.isLost(position)) return;
    if (owing === 'state' && key && this.replaceState(key, packet)) return;
    if (owing !== 'owed' && this.isOver(owing)) {
      if (owing === 'durable') this.dropDurable(position);
      return;
    }
    const entry: Entry = { packet, owing, position, key: owing === 'state' ? key : undefined };
    if (this.aside && owing !== 'owed' && (!this.filling || (position && this.filling.has(position.streamId)))) {
      this.aside.push(entry);
      this.bytes += packet.size;
      return;
    }
    if (entry.key) (this.newestState ??= new Map()).set(entry.key, entry);
    this.enqueue(entry);
  }

  /** A frame of a replay: goes before everything that is kept aside. */
  pushReplayed(packet: Packet, position?: Position): void {
    if (position && this.filling) this.filling.set(position.streamId, position.seq);
    this.enqueue({ packet, owing: 'owed', position, key: undefined });
  }

  /** Nothing leaves before `uncork`. */
  cork(): void {
    this.corked = true;
  }

  uncork(): void {
    this.corked = false;
    this.pump();
  }

  holdBack(): void {
    this.aside ??= [];
  }

  release(covered: (position: Position) => boolean): void {
    const aside = this.aside ?? [];
    this.aside = undefined;
    for (const entry of aside) {
      this.bytes -= entry.packet.size;
      if (!entry.position || !covered(entry.position)) this.append(entry);
    }
    this.pump();
  }

  /** Called every tick while the queue exists. */
  checkDeadlines(): void {
    // Engine.IO forgets callbacks of a transport that was upgraded meanwhile.
    if (this.full && this.transport.bufferedBytes === 0) this.flushed();
    if (!this.full) return;
    const waited = performance.now() - this.since;
    if (waited >= this.settings.hardQueueMs + this.settings.slowCloseMs) this.owner.tooSlow();
    else if (waited >= this.settings.hardQueueMs) this.dropDurable(undefined);
  }

  private enqueue(entry: Entry): void {
    this.append(entry);
    if (this.owedBytes > this.settings.owedBytes) this.owner.tooSlow();
    else if (!this.full && !this.corked) this.pump();
  }

  private append(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += entry.packet.size;
    if (entry.owing === 'owed') this.owedBytes += entry.packet.size;
  }

  private pump(): void {
    const { transport, settings } = this;
    while (!this.full && !this.corked && this.head < this.entries.length) {
      const entry = this.entries[this.head++]!;
      const { packet } = entry;
      this.bytes -= packet.size;
      if (entry.owing === 'owed') this.owedBytes -= packet.size;
      if (entry.key) this.newestState?.delete(entry.key);
      this.full = transport.bufferedBytes + packet.size >= settings.transportBytes;
      transport.send(packet, this.full ? this.flushed : undefined);
    }
    if (this.head === this.entries.length) {
      this.entries = [];
      this.head = 0;
      if (!this.full && !this.corked) this.settle();
    } else if (this.head > 256) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  private readonly flushed = (): void => {
    if (!this.full) return;
    this.full = false;
    this.pump();
  };

  /** Everything is out. */
  private settle(): void {
    this.since = performance.now();
    if (this.aside) return;
    if (this.dirty) void this.fillGaps(this.dirty);
    else this.owner.drained();
  }

  /** Frames of the dirty streams that come while the log is read are kept aside, or lost again. */
  private async fillGaps(from: Map<string, number>): Promise<void> {
    this.filling = new Map(from);
    this.aside = [];
    this.dirty = undefined;
    await this.owner.catchUp(from);
    const reached = this.filling;
    this.filling = undefined;
    this.forgetFilled(reached);
    this.release(({ streamId, seq }) => seq <= (reached.get(streamId) ?? 0));
  }

  /** What was lost again while the log was read need not be read again as far as it was reached. */
  private forgetFilled(reached: ReadonlyMap<string, number>): void {
    const { dirty } = this;
    if (dirty) for (const [streamId, seq] of dirty) dirty.set(streamId, Math.max(seq, reached.get(streamId) ?? 0));
  }

  private isLost({ streamId, seq }: Position): boolean {
    const from = this.dirty?.get(streamId);
    if (from === undefined) return false;
    if (seq <= from) this.dirty!.set(streamId, seq - 1);
    return true;
  }

  private isOver(owing: FrameClass): boolean {
    const { settings } = this;
    const bytes = this.bytes + this.transport.bufferedBytes;
    // A resume cursor is ephemeral: it says that everything before it was handed over, so none may pass a lost frame.
    if (owing === 'ephemeral') return !!this.dirty || !!this.filling || bytes >= settings.softQueueBytes;
    const frames = this.entries.length - this.head + (this.aside?.length ?? 0);
    if (bytes >= settings.hardQueueBytes || frames >= settings.hardQueueFrames) return true;
    return this.full && performance.now() - this.since >= settings.hardQueueMs;
  }

  /**
   * Drops what is durable and can be read again, so that the queue is small and only streams are remembered; and what
   * is ephemeral, since a resume cursor among it says that the frames before it have been handed over.
   */
  private dropDurable(arriving: Position | undefined): void {
    this.entries = this.entries.slice(this.head).filter((entry) => this.survives(entry));
    this.head = 0;
    if (arriving) this.markDirty(arriving, 0);
    // What is aside goes behind the replay: when a stream loses an early frame, its later ones have to go as well.
    this.aside = this.aside?.filter((entry) => this.survives(entry));
  }

  private survives({ owing, position, packet }: Entry): boolean {
    if (owing === 'durable' && position) this.markDirty(position, packet.size);
    else if (owing === 'ephemeral') this.bytes -= packet.size;
    else return true;
    return false;
  }

  private markDirty({ streamId, seq }: Position, bytes: number): void {
    this.bytes -= bytes;
    this.dirty ??= new Map();
    const before = this.dirty.get(streamId);
    if (before === undefined || seq <= before) this.dirty.set(streamId, seq - 1);
  }

  private replaceState(key: string, packet: Packet): boolean {
    const queued = this.newestState?.get(key);
    if (!queued) return false;
    this.bytes += packet.size - queued.packet.size;
    queued.packet = packet;
    return true;
  }
}
