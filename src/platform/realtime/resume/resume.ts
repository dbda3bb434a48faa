/*
 * resume/: a client that was away. Its cursor is a signed watermark of the log (`cursor.ts`).
 *
 * Life cycle: `ResumeSemaphore` limits how many clients read at once; `ReplayReader` reads, in one snapshot, the
 * streams of the user and the events since the watermark; `Resume` sends them, adds the present state of what is not
 * in the log (`ResumeStateProviders`), and lets the connection go live. What is too much, too old or of another
 * history becomes a `resync`, which names what the client must fetch.
 */
import { Injectable } from '@nestjs/common';
import { ServiceUnavailable } from '../../errors/app-error.js';
import { signCursor } from './cursor.js';
import { EncodedFrame } from '../protocol/encoded-frame.js';
import { FanOut } from '../fan-out/fan-out.js';
import type { SlowConsumerRecovery, LiveConnection, Position } from '../connection/live-connection.js';
import type { ConnectionAttacher, AttachResult, ResumeRequest } from './connection-attacher.js';
import type { LocalSubscriber } from '../fan-out/local-subscribers.js';
import { WatermarkTracker } from '../fan-out/watermark-tracker.js';
import { ReplayReader, type ReplayLimits, type ReplaySnapshot } from './replay-reader.js';
import { ResumeStateProviders } from './resume-state-providers.js';
import type { EventReceiver, Resync, WireEvent } from '../fan-out/wire-event.js';
import { Semaphore } from '../../concurrency/semaphore.js';

/** Allows `running` resumes to read at once. Up to 2,000 more wait for up to four seconds. */
export class ResumeSemaphore extends Semaphore {
  constructor(running: number) {
    super({ running, waiting: 2000, waitMs: 4000, retrySeconds: 5 });
  }
}

/**
 * Attaches connections to the streams of their users, and replays what they missed: all of it in order, or a `resync`.
 *
 * Invariant: a client misses no event, and none is both replayed and sent live. For this the order is fixed: defer the
 * connection's live frames, attach it, read one snapshot, send the missed events of the snapshot, then release the
 * deferred frames except those that the snapshot covers. An event is visible to the snapshot, or is delivered live
 * after the connection was attached; an event that is both is sent once.
 */
@Injectable()
export class Resume implements ConnectionAttacher, SlowConsumerRecovery {
  /** Counts the `resync` frames sent, by reason. */
  readonly resyncs = new Map<string, number>();

  constructor(
    private readonly fanOut: FanOut,
    private readonly replayReader: ReplayReader,
    private readonly watermarks: WatermarkTracker,
    private readonly stateProviders: ResumeStateProviders,
    private readonly semaphore: ResumeSemaphore,
  ) {}

  /** @throws ServiceUnavailable when too many clients resume at once, or the database is unavailable */
  async attach(connection: LiveConnection, resume?: ResumeRequest): Promise<AttachResult> {
    const { subscribers } = this.fanOut;
    connection.deferLive();
    const user = subscribers.add(connection);
    try {
      if (user.isLoaded && !resume?.cursor) return await this.attachLive(connection);
      const snapshot = await this.semaphore.run(() => this.readSnapshot(user, resume));
      const frames = snapshot.resumed ? await this.stateProviders.of(user.userId) : [];
      if (!user.connections.includes(connection)) throw new ServiceUnavailable();
      const attached = this.replay(connection, snapshot, frames);
      // `ready` is sent before the replay, so until `live` the cursor that the client already has stays valid.
      return snapshot.resumed ? { ...attached, cursor: resume!.cursor! } : attached;
    } catch (error) {
      subscribers.remove(connection);
      throw error;
    }
  }

  detach(connection: LiveConnection): void {
    this.fanOut.subscribers.remove(connection);
  }

  /** The connection defers live frames of these streams meanwhile. @throws ServiceUnavailable */
  async catchUp(connection: LiveConnection, from: ReadonlyMap<string, number>): Promise<void> {
    const { userId } = connection.actor;
    const watermark = await this.watermarks.olderWatermark();
    const snapshot = await this.semaphore.run(() => this.replayReader.readAfter(userId, from, watermark));
    for (const { streamId, wire, body } of snapshot.events) {
      connection.deliverNow(new EncodedFrame(wire.type, body, wire), { streamId, seq: wire.seq });
    }
    const heads = headsOf(userId, snapshot);
    this.countResyncs(snapshot);
    for (const resync of snapshot.resync) {
      const streamId = resync.conversation_id ?? userId;
      connection.deliverNow(EncodedFrame.of('resync', { data: resync }), { streamId, seq: heads.get(streamId) ?? 0 });
    }
  }

  /**
   * For a client without a connection: the events since its cursor, and what it must fetch instead.
   * @throws ServiceUnavailable
   */
  async readSince(
    userId: string,
    cursor: string,
    limits?: ReplayLimits,
  ): Promise<{ events: WireEvent[]; resync: Resync[]; cursor: string }> {
    const snapshot = await this.semaphore.run(() => this.replayReader.readSince(userId, { cursor }, limits));
    return {
      events: snapshot.events.map(({ wire }) => wire),
      resync: [...snapshot.resync],
      cursor: cursorOf(userId, snapshot),
    };
  }

  /** Events of a conversation after a position, as the receiver sees them. The caller checks access. */
  readStream(streamId: string, afterSeq: number, limit: number, receiver: EventReceiver): Promise<WireEvent[]> {
    return this.replayReader.readStream(streamId, afterSeq, limit, receiver);
  }

  /** Attaches a new connection of a user whose streams are known: it missed nothing, so nothing is read. */
  private async attachLive(connection: LiveConnection): Promise<AttachResult> {
    const { cursorKey, watermark } = await this.watermarks.recentState();
    const cursor = signCursor(cursorKey, connection.actor.userId, watermark, Date.now());
    connection.release(() => false);
    connection.deliverNow(EncodedFrame.of('live', { data: { cursor, replayed: 0 } }));
    return { resumed: false, cursor };
  }

  /** Reads the snapshot and, for the first connection of a user, subscribes them to the streams it contains. */
  private async readSnapshot(user: LocalSubscriber, resume: ResumeRequest | undefined): Promise<ReplaySnapshot> {
    const resumePoint = resume?.cursor === undefined ? undefined : { ...resume, cursor: resume.cursor };
    while (user.loading) await user.loading;
    if (user.connections.length === 0) throw new ServiceUnavailable();
    if (user.isLoaded) return this.replayReader.readSince(user.userId, resumePoint);
    const reading = this.fanOut.whileLoading(
      () => this.replayReader.readSince(user.userId, resumePoint),
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

  private subscribe(user: LocalSubscriber, { ownHead, streamAccess, state }: ReplaySnapshot): void {
    if (user.connections.length === 0) throw new ServiceUnavailable();
    this.fanOut.subscribe(user, ownHead, streamAccess);
    user.isLoaded = true;
    this.watermarks.record(state);
  }

  private countResyncs({ resync }: ReplaySnapshot): void {
    for (const { reason } of resync) this.resyncs.set(reason, (this.resyncs.get(reason) ?? 0) + 1);
  }

  private replay(connection: LiveConnection, snapshot: ReplaySnapshot, state: EncodedFrame[]): AttachResult {
    const { userId } = connection.actor;
    const cursor = cursorOf(userId, snapshot);
    for (const { streamId, wire, body } of snapshot.events) {
      connection.deliverNow(new EncodedFrame(wire.type, body, wire), { streamId, seq: wire.seq });
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

function cursorOf(userId: string, { state }: ReplaySnapshot): string {
  return signCursor(state.cursorKey, userId, state.watermark, Date.now());
}

/** The position up to which the snapshot covers each stream. */
function headsOf(userId: string, { ownHead, streamAccess }: ReplaySnapshot): Map<string, number> {
  const heads = new Map(streamAccess.map(({ streamId, lastSeq, toSeq }) => [streamId, toSeq ?? lastSeq]));
  return heads.set(userId, ownHead);
}
