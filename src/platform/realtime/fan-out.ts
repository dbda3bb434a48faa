import { Injectable, Logger } from '@nestjs/common';
import { EventCatalogue } from '../event-log/event-catalogue.js';
import { CommitListener, type CommittedEvent, type StreamEvent } from '../event-log/stream-event.js';
import { Bus } from './bus/bus.js';
import type { StreamAccess } from './stream-access.js';
import { EventReader } from './event-reader.js';
import { LocalSubscribers, type LocalSubscriber } from './local-subscribers.js';
import type { DispatchContext } from './dispatch-context.js';
import { StreamDispatcher } from './stream-dispatcher.js';
import type { StreamKind } from './wire-event.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** Hears of an event and of how many connections it was handed to, once an event; must not throw. */
export type DeliveryObserver = (event: StreamEvent, frames: number) => void;

/**
 * Brings durable events to the sockets of this node: what this process has committed in the same turn, what others have
 * committed as soon as the bus or the sweep tells of it.
 */
@Injectable()
export class FanOut extends CommitListener implements DispatchContext {
  readonly logger = new Logger(FanOut.name);
  readonly unreadStreams = new RepeatedWarning(this.logger, 'a stream could not be read; the sweep tries again', {
    over: 'streams are read again',
  });
  private readonly dispatchers = new Map<string, StreamDispatcher>();
  /** How many users are having their streams read, and how far streams without a pump have got meanwhile. */
  private pendingLoads = 0;
  private readonly passedHeads = new Map<string, number>();
  private readonly observers: DeliveryObserver[] = [];

  constructor(
    readonly subscribers: LocalSubscribers,
    readonly catalogue: EventCatalogue,
    readonly reader: EventReader,
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
  async whileLoading<T>(read: () => Promise<T>, letIn: (result: T) => void): Promise<T> {
    this.pendingLoads++;
    try {
      const result = await read();
      letIn(result);
      return result;
    } finally {
      if (--this.pendingLoads === 0) this.passedHeads.clear();
    }
  }

  /** Lets a user into his streams, as one snapshot of the database shows them. */
  subscribe(user: LocalSubscriber, ownHead: number, streamAccess: readonly StreamAccess[]): void {
    const own = this.dispatcherFor(user.userId, 'user', ownHead);
    own.subscribe(user, own.last + 1);
    this.applyPassedHead(own);
    for (const { streamId, fromSeq: sinceSeq, lastSeq, toSeq: untilSeq } of streamAccess) {
      if (untilSeq !== null) continue;
      const dispatcherFor = this.dispatcherFor(streamId, 'conversation', lastSeq);
      // Behind the snapshot: from where the pump is, or from where he came in. Past it: from what the snapshot lacks.
      dispatcherFor.subscribe(user, Math.max(sinceSeq, Math.min(dispatcherFor.last, lastSeq) + 1));
      this.applyPassedHead(dispatcherFor);
    }
  }

  onStreamAccess(user: LocalSubscriber, streamId: string, sinceSeq: number): void {
    const dispatcherFor = this.dispatcherFor(streamId, 'conversation', sinceSeq - 1);
    dispatcherFor.subscribe(user, sinceSeq);
    dispatcherFor.hint(sinceSeq);
  }

  /** From now on `observer` hears of every event that is handed to connections of this node. */
  observe(observer: DeliveryObserver): void {
    this.observers.push(observer);
  }

  onDispatched(event: StreamEvent, frames: number): void {
    for (const observe of this.observers) observe(event, frames);
  }

  onDispatcherEnded(dispatcherFor: StreamDispatcher): void {
    if (this.dispatchers.get(dispatcherFor.streamId) === dispatcherFor) this.dispatchers.delete(dispatcherFor.streamId);
  }

  findDispatcher(streamId: string): StreamDispatcher | undefined {
    return this.dispatchers.get(streamId);
  }

  allDispatchers(): IterableIterator<StreamDispatcher> {
    return this.dispatchers.values();
  }

  private dispatcherFor(streamId: string, kind: StreamKind, last: number): StreamDispatcher {
    let dispatcherFor = this.dispatchers.get(streamId);
    if (!dispatcherFor) {
      dispatcherFor = new StreamDispatcher(streamId, kind, last, this);
      this.dispatchers.set(streamId, dispatcherFor);
    }
    return dispatcherFor;
  }

  private applyPassedHead(dispatcherFor: StreamDispatcher): void {
    const passedHeads = this.passedHeads.get(dispatcherFor.streamId);
    if (passedHeads !== undefined) dispatcherFor.hint(passedHeads);
  }

  private hint(streamId: string, seq: number): void {
    const dispatcherFor = this.dispatchers.get(streamId);
    if (dispatcherFor) dispatcherFor.hint(seq);
    else if (this.pendingLoads > 0) this.passedHeads.set(streamId, Math.max(seq, this.passedHeads.get(streamId) ?? 0));
  }

  private offer(event: CommittedEvent): void {
    try {
      const dispatcherFor = this.dispatchers.get(event.streamId);
      if (dispatcherFor) dispatcherFor.offer(event);
      else this.hint(event.streamId, event.seq);
    } catch (error) {
      this.logger.error({ err: error, stream_id: event.streamId }, 'an event could not be handed out');
    }
  }
}
