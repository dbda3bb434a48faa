import { Injectable, Logger } from '@nestjs/common';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import { CommitListener, type CommittedEvent, type StreamEvent } from '../event-log/stream-event.js';
import { Bus } from './bus/bus.js';
import type { Entitlement } from './entitlements.js';
import { GapReader } from './gap-reader.js';
import { LocalAudience, type LocalUser } from './local-audience.js';
import type { PumpSurroundings } from './pump-surroundings.js';
import { StreamPump } from './stream-pump.js';
import type { StreamKind } from './wire-event.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** Hears of an event and of how many connections it was handed to, once an event; must not throw. */
export type DeliveryObserver = (event: StreamEvent, frames: number) => void;

/**
 * Brings durable events to the sockets of this node: what this process has committed in the same turn, what others have
 * committed as soon as the bus or the sweep tells of it.
 */
@Injectable()
export class FanOut extends CommitListener implements PumpSurroundings {
  readonly logger = new Logger(FanOut.name);
  readonly unread = new RepeatedWarning(this.logger, 'a stream could not be read; the sweep tries again', {
    over: 'streams are read again',
  });
  private readonly pumps = new Map<string, StreamPump>();
  /** How many users are having their streams read, and how far streams without a pump have got meanwhile. */
  private openings = 0;
  private readonly passed = new Map<string, number>();
  private readonly observers: DeliveryObserver[] = [];

  constructor(
    readonly audience: LocalAudience,
    readonly catalogue: EventCatalogue,
    readonly reader: GapReader,
    private readonly bus: Bus,
  ) {
    super();
    bus.subscribe((message) => {
      if (message.kind !== 'heads') return;
      for (const [streamId, seq] of message.heads) this.hint(streamId, seq);
    });
  }

  /** Reaches the queues of this node's connections before it returns. Never throws. */
  committed(events: CommittedEvent[]): void {
    // A user who is added to a stream is let in first, so that the stream's own events of this batch find him there.
    for (const event of events) if (this.catalogue.find(event.type)?.opensStream) this.offer(event);
    for (const event of events) if (!this.catalogue.find(event.type)?.opensStream) this.offer(event);
    this.bus.publish({ kind: 'heads', heads: events.map(({ streamId, seq }) => [streamId, seq] as const) });
  }

  /**
   * Reads what `read` reads of a user's streams and lets him in. What is committed meanwhile in streams nobody here
   * received yet is remembered, so that he need not wait for the sweep to hear of it.
   */
  async opening<T>(read: () => Promise<T>, letIn: (result: T) => void): Promise<T> {
    this.openings++;
    try {
      const result = await read();
      letIn(result);
      return result;
    } finally {
      if (--this.openings === 0) this.passed.clear();
    }
  }

  /** Lets a user into his streams, as one snapshot of the database shows them. */
  admit(user: LocalUser, ownHead: number, entitlements: readonly Entitlement[]): void {
    const own = this.pump(user.userId, 'user', ownHead);
    own.admit(user, own.last + 1);
    this.tellOfPassed(own);
    for (const { streamId, sinceSeq, lastSeq, untilSeq } of entitlements) {
      if (untilSeq !== null) continue;
      const pump = this.pump(streamId, 'conversation', lastSeq);
      // Behind the snapshot: from where the pump is, or from where he came in. Past it: from what the snapshot lacks.
      pump.admit(user, Math.max(sinceSeq, Math.min(pump.last, lastSeq) + 1));
      this.tellOfPassed(pump);
    }
  }

  opensStream(user: LocalUser, streamId: string, sinceSeq: number): void {
    const pump = this.pump(streamId, 'conversation', sinceSeq - 1);
    pump.admit(user, sinceSeq);
    pump.hint(sinceSeq);
  }

  /** From now on `observer` hears of every event that is handed to connections of this node. */
  observe(observer: DeliveryObserver): void {
    this.observers.push(observer);
  }

  handedOver(event: StreamEvent, frames: number): void {
    for (const observe of this.observers) observe(event, frames);
  }

  ended(pump: StreamPump): void {
    if (this.pumps.get(pump.streamId) === pump) this.pumps.delete(pump.streamId);
  }

  find(streamId: string): StreamPump | undefined {
    return this.pumps.get(streamId);
  }

  all(): IterableIterator<StreamPump> {
    return this.pumps.values();
  }

  private pump(streamId: string, kind: StreamKind, last: number): StreamPump {
    let pump = this.pumps.get(streamId);
    if (!pump) {
      pump = new StreamPump(streamId, kind, last, this);
      this.pumps.set(streamId, pump);
    }
    return pump;
  }

  private tellOfPassed(pump: StreamPump): void {
    const passed = this.passed.get(pump.streamId);
    if (passed !== undefined) pump.hint(passed);
  }

  private hint(streamId: string, seq: number): void {
    const pump = this.pumps.get(streamId);
    if (pump) pump.hint(seq);
    else if (this.openings > 0) this.passed.set(streamId, Math.max(seq, this.passed.get(streamId) ?? 0));
  }

  private offer(event: CommittedEvent): void {
    try {
      const pump = this.pumps.get(event.streamId);
      if (pump) pump.offer(event);
      else this.hint(event.streamId, event.seq);
    } catch (error) {
      this.logger.error({ err: error, stream_id: event.streamId }, 'an event could not be handed out');
    }
  }
}
