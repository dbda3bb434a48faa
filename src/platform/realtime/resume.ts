import { Injectable } from '@nestjs/common';
import { ServiceUnavailable } from '../errors/app-error.js';
import { sealCursor } from './cursor.js';
import { EncodedFrame } from './encoded-frame.js';
import { FanOut } from './fan-out.js';
import type { SlowConsumerRecovery, LiveConnection, Position } from './live-connection.js';
import type { ConnectionAttacher, AttachedConnection, ResumeRequest } from './connection-attacher.js';
import type { LocalSubscriber } from './local-subscribers.js';
import { WatermarkTracker } from './watermark-tracker.js';
import { ReplayReader, type ReplayLimits, type Snapshot } from './replay-reader.js';
import { ResumeAdmission } from './resume-admission.js';
import { ResumeStateProviders } from './resume-state-providers.js';
import type { Resync, WireEvent } from './wire-event.js';

/**
 * Attaches connections to the streams of their users, and tells them what they missed: everything, in order, or by
 * name.
 *
 * The order that makes it complete: hold the connection's live frames back, attach it, read one snapshot, send what the
 * snapshot owes, then let go of what was held back without what the snapshot has covered. An event is either visible to
 * the snapshot, or is handed out live after the connection was attached; one that is both is sent once.
 */
@Injectable()
export class Resume implements ConnectionAttacher, SlowConsumerRecovery {
  /** How often a client was sent a `resync`, by reason. */
  readonly resyncs = new Map<string, number>();

  constructor(
    private readonly fanOut: FanOut,
    private readonly replayReader: ReplayReader,
    private readonly watermarks: WatermarkTracker,
    private readonly stateProviders: ResumeStateProviders,
    private readonly admission: ResumeAdmission,
  ) {}

  /** @throws ServiceUnavailable when too many resume at once, or the database is away. */
  async attach(connection: LiveConnection, resume?: ResumeRequest): Promise<AttachedConnection> {
    const { subscribers } = this.fanOut;
    connection.deferLive();
    const user = subscribers.add(connection);
    try {
      if (user.isLoaded && !resume?.cursor) return await this.joinStreams(connection);
      const snapshot = await this.admission.run(() => this.attachNow(user, resume));
      const frames = snapshot.resumed ? await this.stateProviders.of(user.userId) : [];
      if (!user.connections.includes(connection)) throw new ServiceUnavailable();
      const opening = this.replay(connection, snapshot, frames);
      // `ready` goes before the replay: until `live` the client's own cursor is the one that holds.
      return snapshot.resumed ? { ...opening, cursor: resume!.cursor! } : opening;
    } catch (error) {
      subscribers.remove(connection);
      throw error;
    }
  }

  detach(connection: LiveConnection): void {
    this.fanOut.subscribers.remove(connection);
  }

  /** The connection keeps aside what comes live for these streams meanwhile. @throws ServiceUnavailable */
  async catchUp(connection: LiveConnection, from: ReadonlyMap<string, number>): Promise<void> {
    const { userId } = connection.actor;
    const watermark = await this.watermarks.olderWatermark();
    const snapshot = await this.admission.run(() => this.replayReader.readAfter(userId, from, watermark));
    for (const { streamId, wire, body } of snapshot.events) {
      connection.deliverNow(new EncodedFrame(wire.type, body), { streamId, seq: wire.seq });
    }
    const heads = headsOf(userId, snapshot);
    this.countResyncs(snapshot);
    for (const resync of snapshot.resync) {
      const streamId = resync.conversation_id ?? userId;
      connection.deliverNow(EncodedFrame.of('resync', { data: resync }), { streamId, seq: heads.get(streamId) ?? 0 });
    }
  }

  /**
   * For a client without a socket: what happened since its cursor, or what it must fetch.
   * @throws ServiceUnavailable
   */
  async readSince(
    userId: string,
    cursor: string,
    limits?: ReplayLimits,
  ): Promise<{ events: WireEvent[]; resync: Resync[]; cursor: string }> {
    const snapshot = await this.admission.run(() => this.replayReader.readSince(userId, { cursor }, limits));
    return {
      events: snapshot.events.map(({ wire }) => wire),
      resync: [...snapshot.resync],
      cursor: cursorOf(userId, snapshot),
    };
  }

  /** Events of a conversation after a position, as `userId` sees them. Who may ask is the caller's to check. */
  readStream(streamId: string, afterSeq: number, limit: number, userId?: string): Promise<WireEvent[]> {
    return this.replayReader.readStream(streamId, afterSeq, limit, userId);
  }

  /** A fresh connection of a user whose streams are known: nothing is owed, nothing has to be read. */
  private async joinStreams(connection: LiveConnection): Promise<AttachedConnection> {
    const { seal, watermark } = await this.watermarks.recentState();
    const cursor = sealCursor(seal, connection.actor.userId, watermark, Date.now());
    connection.release(() => false);
    connection.deliverNow(EncodedFrame.of('live', { data: { cursor, replayed: 0 } }));
    return { resumed: false, cursor };
  }

  /** Reads the snapshot and, for the first connection of a user, lets him into his streams as it shows them. */
  private async attachNow(user: LocalSubscriber, resume: ResumeRequest | undefined): Promise<Snapshot> {
    const stopped = resume?.cursor === undefined ? undefined : { ...resume, cursor: resume.cursor };
    while (user.loading) await user.loading;
    if (user.connections.length === 0) throw new ServiceUnavailable();
    if (user.isLoaded) return this.replayReader.readSince(user.userId, stopped);
    const reading = this.fanOut.whileLoading(
      () => this.replayReader.readSince(user.userId, stopped),
      (snapshot) => this.subscribe(user, snapshot),
    );
    user.loading = reading.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await reading;
    } finally {
      user.loading = undefined;
    }
  }

  private subscribe(user: LocalSubscriber, { ownHead, streamAccess, state }: Snapshot): void {
    if (user.connections.length === 0) throw new ServiceUnavailable();
    this.fanOut.subscribe(user, ownHead, streamAccess);
    user.isLoaded = true;
    this.watermarks.record(state);
  }

  private countResyncs({ resync }: Snapshot): void {
    for (const { reason } of resync) this.resyncs.set(reason, (this.resyncs.get(reason) ?? 0) + 1);
  }

  private replay(connection: LiveConnection, snapshot: Snapshot, state: EncodedFrame[]): AttachedConnection {
    const { userId } = connection.actor;
    const cursor = cursorOf(userId, snapshot);
    for (const { streamId, wire, body } of snapshot.events) {
      connection.deliverNow(new EncodedFrame(wire.type, body), { streamId, seq: wire.seq });
    }
    this.countResyncs(snapshot);
    for (const resync of snapshot.resync) connection.deliverNow(EncodedFrame.of('resync', { data: resync }));
    for (const frame of state) connection.deliverNow(frame);
    const heads = snapshot.resumed ? headsOf(userId, snapshot) : new Map<string, number>();
    connection.release(({ streamId, seq }: Position) => seq <= (heads.get(streamId) ?? 0));
    connection.deliverNow(EncodedFrame.of('live', { data: { cursor, replayed: snapshot.events.length } }));
    return { resumed: snapshot.resumed, cursor };
  }
}

function cursorOf(userId: string, { state }: Snapshot): string {
  return sealCursor(state.seal, userId, state.watermark, Date.now());
}

/** How far the snapshot has covered each stream. */
function headsOf(userId: string, { ownHead, streamAccess }: Snapshot): Map<string, number> {
  const heads = new Map(streamAccess.map(({ streamId, lastSeq, toSeq: untilSeq }) => [streamId, untilSeq ?? lastSeq]));
  return heads.set(userId, ownHead);
}
