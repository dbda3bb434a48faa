import { Injectable } from '@nestjs/common';
import type { Queryable } from '../database/sql.js';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import type { StreamEvent } from '../event-log/stream-event.js';
import { openCursor, type CursorRefusal } from './cursor.js';
import { StreamAccessReader, type StreamAccess } from './stream-access.js';
import { FanOutRepository, type LogState, type StreamSpan } from './fan-out.repository.js';
import { EventReader } from './event-reader.js';
import { resyncConversation, type RenderedEvent, wireEvents, type Resync, type WireEvent } from './wire-event.js';

/** How much a replay may hold; what does not fit is named, and the client fetches it. */
export interface ReplayLimits {
  readonly perConversation: number;
  readonly total: number;
  readonly bytes: number;
}

/** No more of a stream is shown in one answer once it has so many bytes, and so many events are shown at a time. */
const STREAM_BYTES = 1024 * 1024;
const STREAM_PIECE = 25;
export const REPLAY_LIMITS: ReplayLimits = { perConversation: 300, total: 2000, bytes: 4 * 1024 * 1024 };

/** A user's streams in one snapshot of the database, and what he missed up to it. */
export interface Snapshot {
  readonly state: LogState;
  readonly ownHead: number;
  readonly streamAccess: readonly StreamAccess[];
  /** Whether what was missed is below; false for a fresh start, and when the cursor was refused. */
  readonly resumed: boolean;
  /** Of each stream in order of seq, over all streams in order of time. */
  readonly events: readonly ReplayedEvent[];
  readonly resync: readonly Resync[];
}

/** An event of a replay and its JSON. */
export interface ReplayedEvent {
  readonly streamId: string;
  readonly wire: WireEvent;
  readonly body: string;
}

/** Where somebody stopped: a cursor, and the positions he has applied. Untrusted. */
export interface StoppedAt {
  readonly cursor: string;
  readonly conversations?: Readonly<Record<string, number>>;
}

interface Plan {
  readonly spans: StreamSpan[];
  readonly runs: Map<string, StreamEvent[]>;
}

/**
 * Finds what a user missed. Everything is decided in one REPEATABLE READ snapshot: which streams he may see, where they
 * stand, what is new in them. A conversation is complete in the answer or named in `resync`; there is no third way.
 */
@Injectable()
export class ReplayReader {
  constructor(
    private readonly repository: FanOutRepository,
    private readonly streamAccess: StreamAccessReader,
    private readonly catalogue: EventCatalogue,
    private readonly reader: EventReader,
  ) {}

  /** The user's streams now and, given where he stopped, all he is owed since. @throws ServiceUnavailable */
  async readSince(userId: string, stopped?: StoppedAt, limits = REPLAY_LIMITS): Promise<Snapshot> {
    let plan: Plan = { spans: [], runs: new Map() };
    let refused: CursorRefusal | undefined;
    const base = await this.repository.inSnapshot(async (tx) => {
      const { head: ownHead, ...state } = await this.repository.state(tx, userId);
      const opened = stopped && openCursor(state.seal, stopped.cursor, userId, Date.now());
      if (!opened || 'refused' in opened) {
        refused = opened?.refused;
        return { state, ownHead, streamAccess: await this.streamAccess.current(tx, userId) };
      }
      const streamAccess = await this.streamAccess.since(tx, userId, opened.watermark);
      const candidates = [
        { streamId: userId, floor: 0, ceiling: ownHead },
        ...streamAccess.map((access) => ({
          streamId: access.streamId,
          floor: statedPosition(stopped.conversations, access.streamId),
          ceiling: access.toSeq ?? access.lastSeq,
        })),
      ];
      const spans = await this.repository.newSince(tx, opened.watermark, candidates, limits.perConversation + 1);
      plan = await this.read(tx, spans, limits, userId);
      return { state, ownHead, streamAccess: streamAccess };
    });
    if (refused) return { ...base, resumed: false, events: [], resync: [{ scope: 'all', reason: refused }] };
    return {
      ...base,
      resumed: stopped !== undefined,
      ...(await this.present(userId, base.streamAccess, plan, limits)),
    };
  }

  /** What a living connection lost after these positions. `watermark`: from before it lost anything. */
  async readAfter(userId: string, from: ReadonlyMap<string, number>, watermark: string): Promise<Snapshot> {
    const { plan, ...base } = await this.repository.inSnapshot(async (tx) => {
      const { head: ownHead, ...state } = await this.repository.state(tx, userId);
      const streamAccess = await this.streamAccess.since(tx, userId, watermark);
      const spans = [...from].flatMap(([streamId, floor]) => {
        const access = streamAccess.find((known) => known.streamId === streamId);
        const ceiling = streamId === userId ? ownHead : (access?.toSeq ?? access?.lastSeq ?? 0);
        return ceiling > floor ? [{ streamId, floor, ceiling }] : [];
      });
      return { state, ownHead, streamAccess: streamAccess, plan: await this.read(tx, spans, REPLAY_LIMITS, userId) };
    });
    return { ...base, resumed: true, ...(await this.present(userId, base.streamAccess, plan, REPLAY_LIMITS)) };
  }

  /** Events of one stream after a position, at most `limit`, and fewer once they are a megabyte. Who may see them is the caller's to decide. */
  async readStream(streamId: string, afterSeq: number, limit: number, userId?: string): Promise<WireEvent[]> {
    const span = { streamId, floor: afterSeq, ceiling: Number.MAX_SAFE_INTEGER };
    const events = (await this.repository.events(undefined, [span], limit)).get(streamId) ?? [];
    const shown: RenderedEvent[] = [];
    // In pieces: of long messages a page is megabytes, which would hold up everything else while they are shown.
    for (let bytes = 0; shown.length < events.length && bytes < STREAM_BYTES;) {
      const piece = await this.reader.render(events.slice(shown.length, shown.length + STREAM_PIECE));
      bytes += piece.reduce((sum, { presented }) => sum + (presented ? JSON.stringify(presented.data).length : 0), 0);
      shown.push(...piece);
    }
    return wireEvents('conversation', shown, userId);
  }

  /**
   * Positions are dense, so it is known how much there is before any of it is read: small gaps first, own stream before
   * all.
   */
  private async read(tx: Queryable, spans: StreamSpan[], limits: ReplayLimits, userId: string): Promise<Plan> {
    const size = ({ streamId, floor, ceiling }: StreamSpan): number => (streamId === userId ? 0 : ceiling - floor);
    const fitting: StreamSpan[] = [];
    let total = 0;
    for (const span of [...spans].sort((a, b) => size(a) - size(b))) {
      const count = span.ceiling - span.floor;
      if (count > limits.perConversation || total + count > limits.total) continue;
      total += count;
      fitting.push(span);
    }
    return { spans, runs: await this.repository.events(tx, fitting, limits.perConversation) };
  }

  /** Content is joined after the snapshot is closed: what was deleted meanwhile is gone from the replay too. */
  private async present(
    userId: string,
    streamAccess: readonly StreamAccess[],
    { spans, runs }: Plan,
    limits: ReplayLimits,
  ): Promise<Pick<Snapshot, 'events' | 'resync'>> {
    const known = new Map(streamAccess.map((access) => [access.streamId, access]));
    const resync: Resync[] = [];
    const owed = spans.flatMap((span) => {
      const run = runs.get(span.streamId) ?? [];
      if (this.isWhole(span, run, userId, known.get(span.streamId))) {
        const sinceSeq = known.get(span.streamId)?.fromSeq ?? 0;
        return [{ span, events: run.filter(({ seq }) => seq >= sinceSeq) }];
      }
      resync.push(nameOf(span.streamId, userId));
      return [];
    });
    const shown = await this.reader.render(owed.flatMap(({ events }) => events));
    const events: ReplayedEvent[] = [];
    let index = 0;
    let bytes = 0;
    for (const { span, events: run } of owed) {
      const kind = span.streamId === userId ? 'user' : 'conversation';
      const part = wireEvents(kind, shown.slice(index, (index += run.length)), userId).map((event) => {
        const wire: WireEvent = { ...event, replay: true };
        return { streamId: span.streamId, wire, body: JSON.stringify(wire) };
      });
      bytes += part.reduce((sum, { body }) => sum + body.length, 0);
      if (bytes > limits.bytes) resync.push(nameOf(span.streamId, userId));
      else events.push(...part);
    }
    return { events: events.sort(byTime), resync };
  }

  /**
   * Whether a run can be handed over as it is: nothing of it was left out or has been deleted by retention, and the
   * user did not leave and come back within it, in which case the hole is his to fetch.
   */
  private isWhole(span: StreamSpan, run: StreamEvent[], userId: string, access: StreamAccess | undefined): boolean {
    if (run.length !== span.ceiling - span.floor) return false;
    return !run.some(
      ({ type, subjectId, seq }) =>
        subjectId === userId && seq !== access?.toSeq && this.catalogue.find(type)?.membership === 'leaves',
    );
  }
}

/** ISO times of one width compare as text; within a stream time never goes back. */
function byTime(a: ReplayedEvent, b: ReplayedEvent): number {
  if (a.wire.at !== b.wire.at) return a.wire.at < b.wire.at ? -1 : 1;
  return a.streamId === b.streamId ? a.wire.seq - b.wire.seq : 0;
}

function nameOf(streamId: string, userId: string): Resync {
  return streamId === userId ? { scope: 'all', reason: 'gap_too_large' } : resyncConversation(streamId);
}

function statedPosition(stated: Readonly<Record<string, number>> | undefined, streamId: string): number {
  const seq = stated && Object.hasOwn(stated, streamId) ? stated[streamId] : 0;
  return Number.isSafeInteger(seq) && seq! > 0 ? seq! : 0;
}
