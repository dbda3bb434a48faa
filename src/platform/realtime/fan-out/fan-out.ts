/*
 * fan-out/: durable events from the log to the connections of this node, and signals to the connections of all
 * nodes.
 *
 * Life cycle of an event: the process that commits it calls `FanOut.committed` in the same turn, which offers it to
 * the `StreamDispatcher` of its stream, and publishes the new head on the bus. Other nodes read the log up to that
 * head. The `HeadReconciler` compares all heads with the database every 1.5 s, delivers what a lost hint has left
 * behind, and sends resume cursors. `LocalBroadcaster` sends signals, which are not in the log.
 *
 * Invariants: each subscriber receives the events of a stream in the order of `seq`, each once. An event is read and
 * encoded once on a node, however many connections receive it. The bus carries hints only: it may lose, repeat or
 * reorder them.
 */
import { Injectable, Logger } from '@nestjs/common';
import { EventCatalogue } from '../../event-log/event-catalogue.js';
import { CommitListener, type CommittedEvent, type StreamEvent } from '../../event-log/stream-event.js';
import { Bus } from '../bus/bus.js';
import type { StreamAccess } from './stream-access.js';
import { EventReader } from './event-reader.js';
import { LocalSubscribers, type LocalSubscriber } from './local-subscribers.js';
import type { DispatchContext } from './dispatch-context.js';
import { StreamDispatcher } from './stream-dispatcher.js';
import type { StreamKind } from './wire-event.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** Called once for each event, with the number of connections it was sent to; must not throw. */
export type DeliveryObserver = (event: StreamEvent, frames: number) => void;

/**
 * Delivers durable events to the connections of this node: events that this process commits in the same turn, events
 * of other processes as soon as the bus or the reconciler reports them. There is one dispatcher for each stream with
 * subscribers on this node, and none for any other stream.
 */
@Injectable()
export class FanOut extends CommitListener implements DispatchContext {
  readonly logger = new Logger(FanOut.name);
  readonly readFailures = new RepeatedWarning(this.logger, 'a stream could not be read; the reconciler retries', {
    recovered: 'streams are read again',
  });
  private readonly dispatchers = new Map<string, StreamDispatcher>();
  /** Users whose streams are being loaded. */
  private pendingLoads = 0;
  /** Heads of streams without a dispatcher, reported while `pendingLoads` is above zero. */
  private readonly hintedHeads = new Map<string, number>();
  private readonly observers: DeliveryObserver[] = [];
  /** The calls of `setSubscriptions` that are reading, with the streams that were unsubscribed meanwhile. */
  private readonly readings = new Set<{ readonly userId: string; readonly unsubscribed: Set<string> }>();

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
    // A user who is added to a stream is subscribed first, so that they receive its events of this batch.
    for (const event of events) if (this.catalogue.find(event.type)?.grantsStream) this.offer(event);
    for (const event of events) if (!this.catalogue.find(event.type)?.grantsStream) this.offer(event);
    this.bus.publish({ kind: 'heads', heads: events.map(({ streamId, seq }) => [streamId, seq] as const) });
  }

  /**
   * Loads a user's streams with `read` and passes the result to `subscribe`. Meanwhile hints for streams without a
   * dispatcher are remembered, so that the user need not wait for the reconciler.
   */
  async whileLoading<T>(read: () => Promise<T>, subscribe: (result: T) => void): Promise<T> {
    this.pendingLoads++;
    try {
      const result = await read();
      subscribe(result);
      return result;
    } finally {
      if (--this.pendingLoads === 0) this.hintedHeads.clear();
    }
  }

  /** Subscribes a user to their streams, as read in one snapshot of the database. */
  subscribe(user: LocalSubscriber, ownHead: number, streamAccess: readonly StreamAccess[]): void {
    const own = this.dispatcherFor(user.userId, 'user', ownHead);
    own.subscribe(user, own.last + 1);
    this.applyHintedHead(own);
    for (const { streamId, fromSeq, lastSeq, toSeq, hiddenUpTo } of streamAccess) {
      if (toSeq !== null) continue;
      user.hideUpTo(streamId, hiddenUpTo);
      const dispatcher = this.dispatcherFor(streamId, 'conversation', lastSeq);
      // A dispatcher behind the snapshot: from its position, or from where the user entered if that is later.
      // A dispatcher past the snapshot: from the first event that the snapshot lacks.
      dispatcher.subscribe(user, Math.max(fromSeq, Math.min(dispatcher.last, lastSeq) + 1));
      this.applyHintedHead(dispatcher);
    }
  }

  /**
   * Subscribes a connected user to exactly the streams that `read` returns, besides their own. It is for users whose
   * access no event of the log changes. A stream that `unsubscribe` ends while `read` is running is not subscribed
   * again, because the result may be older. Does nothing for a user who is not connected, or connects again meanwhile.
   */
  async setSubscriptions(userId: string, read: () => Promise<readonly StreamAccess[]>): Promise<void> {
    const user = this.loadedSubscriber(userId);
    if (!user) return;
    const reading = { userId, unsubscribed: new Set<string>() };
    this.readings.add(reading);
    try {
      const streams = new Map((await read()).map((access) => [access.streamId, access]));
      if (this.loadedSubscriber(userId) !== user) return;
      for (const subscription of [...user.streams]) {
        if (subscription.streamId !== userId && !streams.delete(subscription.streamId)) subscription.unsubscribe(user);
      }
      for (const { streamId, lastSeq } of streams.values()) {
        if (!reading.unsubscribed.has(streamId)) this.onStreamAccess(user, streamId, lastSeq + 1);
      }
    } finally {
      this.readings.delete(reading);
    }
  }

  /** Sends a user no more events of this stream. Returns whether they received any before. */
  unsubscribe(userId: string, streamId: string): boolean {
    const user = this.subscribers.get(userId);
    const dispatcher = user && this.dispatchers.get(streamId);
    if (!dispatcher || !user.streams.has(dispatcher)) return false;
    dispatcher.unsubscribe(user);
    for (const reading of this.readings) if (reading.userId === userId) reading.unsubscribed.add(streamId);
    return true;
  }

  onStreamAccess(user: LocalSubscriber, streamId: string, fromSeq: number): void {
    const dispatcher = this.dispatcherFor(streamId, 'conversation', fromSeq - 1);
    dispatcher.subscribe(user, fromSeq);
    dispatcher.hint(fromSeq);
  }

  /** Calls `observer` for every event that is sent to connections of this node. */
  observe(observer: DeliveryObserver): void {
    this.observers.push(observer);
  }

  onDispatched(event: StreamEvent, frames: number): void {
    for (const observe of this.observers) observe(event, frames);
  }

  onDispatcherEnded(dispatcher: { readonly streamId: string }): void {
    if (this.dispatchers.get(dispatcher.streamId) === dispatcher) this.dispatchers.delete(dispatcher.streamId);
  }

  findDispatcher(streamId: string): StreamDispatcher | undefined {
    return this.dispatchers.get(streamId);
  }

  allDispatchers(): IterableIterator<StreamDispatcher> {
    return this.dispatchers.values();
  }

  private loadedSubscriber(userId: string): LocalSubscriber | undefined {
    const user = this.subscribers.get(userId);
    return user?.isLoaded ? user : undefined;
  }

  private dispatcherFor(streamId: string, kind: StreamKind, last: number): StreamDispatcher {
    let dispatcher = this.dispatchers.get(streamId);
    if (!dispatcher) {
      dispatcher = new StreamDispatcher(streamId, kind, last, this);
      this.dispatchers.set(streamId, dispatcher);
    }
    return dispatcher;
  }

  private applyHintedHead(dispatcher: StreamDispatcher): void {
    const head = this.hintedHeads.get(dispatcher.streamId);
    if (head !== undefined) dispatcher.hint(head);
  }

  private hint(streamId: string, seq: number): void {
    const dispatcher = this.dispatchers.get(streamId);
    if (dispatcher) dispatcher.hint(seq);
    else if (this.pendingLoads > 0) this.hintedHeads.set(streamId, Math.max(seq, this.hintedHeads.get(streamId) ?? 0));
  }

  private offer(event: CommittedEvent): void {
    try {
      const dispatcher = this.dispatchers.get(event.streamId);
      if (dispatcher) dispatcher.offer(event);
      else this.hint(event.streamId, event.seq);
    } catch (error) {
      this.logger.error({ err: error, stream_id: event.streamId }, 'an event could not be dispatched');
    }
  }
}
