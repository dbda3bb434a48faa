import { Injectable } from '@nestjs/common';
import type { Queryable } from '../../database/sql.js';
import { EventCatalogue } from '../../event-log/event-catalogue.js';
import type { StreamEvent } from '../../event-log/stream-event.js';
import { verifyCursor, type CursorRefusal } from './cursor.js';
import { StreamAccessReader, type StreamAccess } from '../fan-out/stream-access.js';
import { FanOutRepository, type LogState, type StreamSpan } from '../fan-out/fan-out.repository.js';
import { EventReader } from '../fan-out/event-reader.js';
import {
  type EventReceiver,
  resyncConversation,
  type RenderedEvent,
  wireEvents,
  type Resync,
  type WireEvent,
} from '../fan-out/wire-event.js';

/** The limits of a replay. Streams that do not fit are named in `resync`, and the client fetches them. */
export interface ReplayLimits {
  readonly perConversation: number;
  readonly total: number;
  readonly bytes: number;
}

/** Size at which a page of one stream ends. */
const STREAM_BYTES = 1024 * 1024;
/** Events of such a page that are rendered at a time. */
const STREAM_CHUNK = 25;
export const REPLAY_LIMITS: ReplayLimits = { perConversation: 300, total: 2000, bytes: 4 * 1024 * 1024 };

/** A user's streams in one snapshot of the database, and the events they missed up to it. */
export interface ReplaySnapshot {
  readonly state: LogState;
  readonly ownHead: number;
  readonly streamAccess: readonly StreamAccess[];
  /** Whether `events` and `resync` cover what was missed; false without a cursor, and if it was refused. */
  readonly resumed: boolean;
  /** Within a stream in the order of `seq`, across streams in the order of time. */
  readonly events: readonly ReplayedEvent[];
  readonly resync: readonly Resync[];
}

/** An event of a replay and its JSON. */
export interface ReplayedEvent {
  readonly streamId: string;
  readonly wire: WireEvent;
  readonly body: string;
}

/** The position of a client that resumes: its cursor, and the positions it has applied. Untrusted. */
export interface ResumePoint {
  readonly cursor: string;
  readonly conversations?: Readonly<Record<string, number>>;
}

/** The spans that a user missed, and the events that were read of each stream. */
interface MissedRuns {
  readonly spans: StreamSpan[];
  readonly runs: Map<string, StreamEvent[]>;
}

/**
 * Reads what a user missed.
 *
 * Invariants: one REPEATABLE READ snapshot decides which streams the user may see, where their heads are, and what is
 * new in them. The missed events of a stream are either all in the result, or the stream is named in `resync`; there is
 * no third case. Content is joined after the snapshot, so deleted content is never replayed.
 */
@Injectable()
export class ReplayReader {
  constructor(
    private readonly repository: FanOutRepository,
    private readonly streamAccess: StreamAccessReader,
    private readonly catalogue: EventCatalogue,
    private readonly reader: EventReader,
  ) {}

  /**
   * The user's streams now, and the events since the position of the client, if it has one. @throws ServiceUnavailable
   */
  async readSince(userId: string, resumePoint?: ResumePoint, limits = REPLAY_LIMITS): Promise<ReplaySnapshot> {
    let missed: MissedRuns = { spans: [], runs: new Map() };
    let refused: CursorRefusal | undefined;
    const base = await this.repository.inSnapshot(async (tx) => {
      const { head: ownHead, ...state } = await this.repository.readStateAndHead(tx, userId);
      const verified = resumePoint && verifyCursor(state.cursorKey, resumePoint.cursor, userId, Date.now());
      if (!verified || 'refused' in verified) {
        refused = verified?.refused;
        return { state, ownHead, streamAccess: await this.streamAccess.current(tx, userId) };
      }
      const streamAccess = await this.streamAccess.since(tx, userId, verified.watermark);
      const candidates = [
        { streamId: userId, floor: 0, ceiling: ownHead },
        ...streamAccess.map((access) => ({
          streamId: access.streamId,
          floor: positionOf(resumePoint.conversations, access.streamId),
          ceiling: access.toSeq ?? access.lastSeq,
        })),
      ];
      const spans = await this.repository.spansWithNewEvents(
        tx,
        verified.watermark,
        candidates,
        limits.perConversation + 1,
      );
      missed = await this.read(tx, spans, limits, userId);
      return { state, ownHead, streamAccess };
    });
    if (refused) return { ...base, resumed: false, events: [], resync: [{ scope: 'all', reason: refused }] };
    return {
      ...base,
      resumed: resumePoint !== undefined,
      ...(await this.render(userId, base.streamAccess, missed, limits)),
    };
  }

  /** The events after these positions, which a slow consumer lost. `watermark` is older than the first loss. */
  async readAfter(userId: string, from: ReadonlyMap<string, number>, watermark: string): Promise<ReplaySnapshot> {
    const { missed, ...base } = await this.repository.inSnapshot(async (tx) => {
      const { head: ownHead, ...state } = await this.repository.readStateAndHead(tx, userId);
      const streamAccess = await this.streamAccess.since(tx, userId, watermark, [...from.keys()]);
      const spans = [...from].flatMap(([streamId, floor]) => {
        const access = streamAccess.find((known) => known.streamId === streamId);
        const ceiling = streamId === userId ? ownHead : (access?.toSeq ?? access?.lastSeq ?? 0);
        return ceiling > floor ? [{ streamId, floor, ceiling }] : [];
      });
      return { state, ownHead, streamAccess, missed: await this.read(tx, spans, REPLAY_LIMITS, userId) };
    });
    return { ...base, resumed: true, ...(await this.render(userId, base.streamAccess, missed, REPLAY_LIMITS)) };
  }

  /**
   * Events of one stream after a position: at most `limit`, fewer once they reach a megabyte. The caller checks access.
   */
  async readStream(streamId: string, afterSeq: number, limit: number, receiver: EventReceiver): Promise<WireEvent[]> {
    const span = { streamId, floor: afterSeq, ceiling: Number.MAX_SAFE_INTEGER };
    const events = (await this.repository.readEvents(undefined, [span], limit)).get(streamId) ?? [];
    const rendered: RenderedEvent[] = [];
    // In chunks: a page of long messages is megabytes, and rendering it at once would block the event loop.
    for (let bytes = 0; rendered.length < events.length && bytes < STREAM_BYTES;) {
      const chunk = await this.reader.render(events.slice(rendered.length, rendered.length + STREAM_CHUNK));
      bytes += chunk.reduce((sum, { content }) => sum + (content ? JSON.stringify(content.data).length : 0), 0);
      rendered.push(...chunk);
    }
    return wireEvents('conversation', rendered, receiver);
  }

  /**
   * Reads the spans that fit the limits. Positions are dense, so the size of a span is known before it is read: the
   * user's own stream comes first, then the smallest spans.
   */
  private async read(tx: Queryable, spans: StreamSpan[], limits: ReplayLimits, userId: string): Promise<MissedRuns> {
    const size = ({ streamId, floor, ceiling }: StreamSpan): number => (streamId === userId ? 0 : ceiling - floor);
    const fitting: StreamSpan[] = [];
    let total = 0;
    for (const span of [...spans].sort((a, b) => size(a) - size(b))) {
      const count = span.ceiling - span.floor;
      if (count > limits.perConversation || total + count > limits.total) continue;
      total += count;
      fitting.push(span);
    }
    return { spans, runs: await this.repository.readEvents(tx, fitting, limits.perConversation) };
  }

  /** Joins content after the snapshot is closed, so content that was deleted meanwhile is not replayed. */
  private async render(
    userId: string,
    streamAccess: readonly StreamAccess[],
    { spans, runs }: MissedRuns,
    limits: ReplayLimits,
  ): Promise<Pick<ReplaySnapshot, 'events' | 'resync'>> {
    const known = new Map(streamAccess.map((access) => [access.streamId, access]));
    const resync: Resync[] = [];
    const complete = spans.flatMap((span) => {
      const run = runs.get(span.streamId) ?? [];
      if (this.isComplete(span, run, userId, known.get(span.streamId))) {
        const fromSeq = known.get(span.streamId)?.fromSeq ?? 0;
        return [{ span, events: run.filter(({ seq }) => seq >= fromSeq) }];
      }
      resync.push(resyncOf(span.streamId, userId));
      return [];
    });
    const rendered = await this.reader.render(complete.flatMap(({ events }) => events));
    const events: ReplayedEvent[] = [];
    let index = 0;
    let bytes = 0;
    for (const { span, events: run } of complete) {
      const kind = span.streamId === userId ? 'user' : 'conversation';
      const receiver = { userId, hiddenUpTo: known.get(span.streamId)?.hiddenUpTo };
      const part = wireEvents(kind, rendered.slice(index, (index += run.length)), receiver).map((event) => {
        const wire: WireEvent = { ...event, replay: true };
        return { streamId: span.streamId, wire, body: JSON.stringify(wire) };
      });
      bytes += part.reduce((sum, { body }) => sum + body.length, 0);
      if (bytes > limits.bytes) resync.push(resyncOf(span.streamId, userId));
      else events.push(...part);
    }
    return { events: events.sort(byTime), resync };
  }

  /**
   * Whether a run can be replayed as it is: it was read completely, retention has deleted none of it, and the user did
   * not leave and enter again within it. In the latter case the client fetches the gap.
   */
  private isComplete(span: StreamSpan, run: StreamEvent[], userId: string, access: StreamAccess | undefined): boolean {
    if (run.length !== span.ceiling - span.floor) return false;
    return !run.some(
      ({ type, subjectId, seq }) =>
        subjectId === userId && seq !== access?.toSeq && this.catalogue.find(type)?.membership === 'leave',
    );
  }
}

/** ISO times of equal length compare as text. Within a stream, time never goes back. */
function byTime(a: ReplayedEvent, b: ReplayedEvent): number {
  if (a.wire.at !== b.wire.at) return a.wire.at < b.wire.at ? -1 : 1;
  return a.streamId === b.streamId ? a.wire.seq - b.wire.seq : 0;
}

function resyncOf(streamId: string, userId: string): Resync {
  return streamId === userId ? { scope: 'all', reason: 'gap_too_large' } : resyncConversation(streamId);
}

function positionOf(positions: Readonly<Record<string, number>> | undefined, streamId: string): number {
  const seq = positions && Object.hasOwn(positions, streamId) ? positions[streamId] : 0;
  return Number.isSafeInteger(seq) && seq! > 0 ? seq! : 0;
}
