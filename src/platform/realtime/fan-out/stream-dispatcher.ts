import type { CommittedEvent, EventContent, StreamEvent } from '../../event-log/stream-event.js';
import type { EncodedFrame, FrameClass } from '../protocol/encoded-frame.js';
import { READ_PAGE } from './event-reader.js';
import { dispatchToUsers, signalToUsers } from './dispatch-to-users.js';
import {
  CatchUpSubscribers,
  replayTo,
  type CatchUpSubscriber,
  type ReplayContext,
  RecentEvents,
} from './catch-up-subscribers.js';
import type { Signal } from './broadcaster.js';
import type { LocalSubscriber } from './local-subscribers.js';
import type { DispatchContext } from './dispatch-context.js';
import type { StreamKind } from './wire-event.js';

/** Events ahead of a gap that are buffered. Those beyond it are read from the log instead. */
const MAX_OUT_OF_ORDER = 1000;

/**
 * Delivers the events of one stream to its subscribers on this node.
 *
 * Invariants: a subscriber receives each event once, in the order of `seq`, without a gap. `last` is the only ordering
 * state: the next event is delivered at once, an event further ahead waits until the log has filled the gap, an event
 * behind is ignored. Membership events take effect at their own position, so the log decides who receives what: a user
 * who enters receives their entering event and all that follow, a user who leaves receives their leaving event and none
 * after it. `last` does not move while subscribers catch up.
 */
export class StreamDispatcher {
  private readonly subscribers = new Set<LocalSubscriber>();
  /** Users who enter at a position that the dispatcher has not reached yet. */
  private pendingSubscribers: Map<LocalSubscriber, number> | undefined;
  private catchingUp: CatchUpSubscribers | undefined;
  private outOfOrder: Map<number, CommittedEvent> | undefined;
  private recent: RecentEvents | undefined;
  /** The highest position that a hint or the log has reported. */
  private knownHead: number;
  /** The last position that is visible to subscribers. Events whose subject no longer exists are skipped. */
  private lastVisible: number;
  private reachWaiters: { seq: number; resolve: (reached: boolean) => void }[] | undefined;
  private isWorking = false;
  private hasFailed = false;
  private isEnded = false;

  constructor(
    readonly streamId: string,
    readonly kind: StreamKind,
    public last: number,
    private readonly context: DispatchContext,
  ) {
    this.knownHead = last;
    this.lastVisible = last;
  }

  /** Accepts an event right after its commit. If it is the next one, it is in all queues when this returns. */
  offer(event: CommittedEvent): void {
    if (event.seq <= this.last) return;
    if (!this.isWorking && event.seq === this.last + 1 && event.content) {
      this.deliver(event, event.content);
      if (this.outOfOrder) this.drain();
      if (!this.isBehind) this.hasFailed = false;
      return;
    }
    if (event.content && (this.outOfOrder?.size ?? 0) < MAX_OUT_OF_ORDER)
      (this.outOfOrder ??= new Map()).set(event.seq, event);
    this.hint(event.seq);
  }

  /** Reports that the stream may have reached `seq`. Does not retry after a failure; see `reach`. */
  hint(seq: number): void {
    if (seq > this.knownHead) this.knownHead = seq;
    if (!this.hasFailed) this.start();
  }

  /**
   * Reports that the stream has reached `seq` according to the log, and retries what failed. Resolves, as soon as it is
   * known, to whether all subscribers have been sent everything up to `seq`.
   */
  reach(seq: number): Promise<boolean> {
    this.hasFailed = false;
    this.hint(seq);
    if (!this.isWorking) return Promise.resolve(true);
    return new Promise((resolve) => {
      (this.reachWaiters ??= []).push({ seq, resolve });
    });
  }

  /** Whether events are undelivered or subscribers are catching up, so that `reach` is to be called. */
  get isBehind(): boolean {
    return this.knownHead > this.last || this.catchingUp !== undefined;
  }

  /**
   * Subscribes a user who belongs to the stream at position `from` and receives everything from there on. If the
   * dispatcher is past `from`, the user first receives what was missed, up to their own leaving event if there is one.
   */
  subscribe(user: LocalSubscriber, from: number): void {
    const isKnown = this.subscribers.has(user) || !!this.catchingUp?.has(user);
    if (from <= this.last && (isKnown || this.pendingSubscribers?.has(user))) return;
    user.streams.add(this);
    user.cursorFromCycle = this.context.subscribers.cycle + 1;
    if (from > this.last) {
      // Also for a known user: they may leave before `from`, which must not end the dispatcher.
      if (from === this.last + 1 && !isKnown) this.subscribers.add(user);
      else (this.pendingSubscribers ??= new Map()).set(user, Math.max(from, this.pendingSubscribers.get(user) ?? 0));
      return;
    }
    const missed = this.recent?.from(from);
    if (missed) {
      const subscriber: CatchUpSubscriber = { from, isMember: true };
      replayTo([user, subscriber], missed, this.replayContext);
      this.finishCatchUp(user, subscriber);
    } else {
      (this.catchingUp ??= new CatchUpSubscribers()).add(user, from);
      this.start();
    }
  }

  unsubscribe(user: LocalSubscriber): void {
    this.subscribers.delete(user);
    this.pendingSubscribers?.delete(user);
    this.catchingUp?.remove(user);
    if (this.catchingUp?.size === 0) this.catchingUp = undefined;
    this.releaseUser(user);
  }

  /** Sends no cursor to these users before this reconciler cycle, because part of the stream could not be read. */
  withholdCursors(untilCycle: number): void {
    for (const user of this.allUsers()) user.cursorFromCycle = untilCycle;
  }

  /** The users of this node who receive the stream. */
  get userIds(): string[] {
    return [...this.subscribers].map(({ userId }) => userId);
  }

  /** Sends a frame that is not part of the log to all current subscribers. */
  signal(frame: EncodedFrame, frameClass: FrameClass, routing: Pick<Signal, 'key' | 'exceptUserId' | 'shows'>): void {
    signalToUsers(this.subscribers, this.streamId, { frame, frameClass, routing });
  }

  /** Releases the recent events once the stream is quiet. */
  dropStaleEvents(): void {
    if (this.recent?.isStale(this.context.subscribers.cycle)) this.recent = undefined;
  }

  private start(): void {
    if (this.isWorking || this.isEnded || !this.isBehind) return;
    this.isWorking = true;
    void this.run();
  }

  private async run(): Promise<void> {
    try {
      for (;;) {
        // Two commits of one stream may be announced in the wrong order. One turn later both have arrived.
        await new Promise((resolve) => setImmediate(resolve));
        this.drain();
        if (this.isEnded) return;
        if (this.catchingUp) await this.catchUpSubscribers(this.catchingUp);
        else if (this.knownHead > this.last) await this.fillGap();
        else return;
        this.context.readFailures.worked();
        // A busy stream may keep this loop running, so callers of `reach` are resolved inside it as well.
        if (this.reachWaiters && !this.catchingUp) this.resolveReached();
      }
    } catch (error) {
      this.hasFailed = true;
      this.context.readFailures.failed({ err: error, stream_id: this.streamId });
    } finally {
      // In the same turn as the last check for work: an event offered after it must find the dispatcher idle.
      this.isWorking = false;
      for (const { seq, resolve } of this.reachWaiters ?? []) {
        resolve(this.isEnded || (seq <= this.last && !this.catchingUp));
      }
      this.reachWaiters = undefined;
    }
  }

  private resolveReached(): void {
    const { reachWaiters, last } = this;
    this.reachWaiters = reachWaiters!.filter(({ seq }) => seq > last);
    for (const { seq, resolve } of reachWaiters!) if (seq <= last) resolve(true);
  }

  private drain(): void {
    for (let event = this.outOfOrder?.get(this.last + 1); event; event = this.outOfOrder?.get(this.last + 1)) {
      this.deliver(event, event.content);
    }
    if (this.outOfOrder?.size === 0) this.outOfOrder = undefined;
  }

  private async fillGap(): Promise<void> {
    const events = await this.context.reader.readAfter(this.streamId, this.last);
    for (const { event, content } of events) {
      if (event.seq > this.last && !this.isEnded) this.deliver(event, content);
    }
    if (events.length >= READ_PAGE) this.knownHead = Math.max(this.knownHead, this.last + 1);
    // The hint was wrong, or the stream no longer exists.
    if (events.length === 0) {
      this.knownHead = this.last;
      this.outOfOrder = undefined;
    }
  }

  /** `last` does not move meanwhile, so subscribers are added at exactly the position they have reached. */
  private async catchUpSubscribers(catchingUp: CatchUpSubscribers): Promise<void> {
    const caughtUp = await catchingUp.replay(this.last, this.replayContext);
    if (catchingUp.size === 0 && this.catchingUp === catchingUp) this.catchingUp = undefined;
    // Members first: otherwise releasing the others could end the dispatcher.
    for (const [user, subscriber] of caughtUp) if (subscriber.isMember) this.finishCatchUp(user, subscriber);
    for (const [user, subscriber] of caughtUp) if (!subscriber.isMember) this.finishCatchUp(user, subscriber);
  }

  private finishCatchUp(user: LocalSubscriber, { isMember }: CatchUpSubscriber): void {
    // A delivery observer may have unsubscribed the user during the replay.
    if (isMember && user.streams.has(this)) this.subscribers.add(user);
    else this.releaseUser(user);
  }

  private get replayContext(): ReplayContext {
    return {
      catalogue: this.context.catalogue,
      read: (after) => this.context.reader.readAfter(this.streamId, after),
      send: (user, { event, content }) => {
        if (event.subjectId === user.userId) user.hideUpTo(this.streamId, event.payload?.hidden_up_to_number);
        if (content && user.streams.has(this)) this.send([user], event, content, event.seq - 1);
      },
    };
  }

  private deliver(event: StreamEvent, content: EventContent | undefined): void {
    this.last = event.seq;
    this.outOfOrder?.delete(event.seq);
    if (this.pendingSubscribers) this.activatePending(event.seq);
    const definition = this.context.catalogue.find(event.type);
    const subject =
      definition?.membership && event.subjectId ? this.context.subscribers.get(event.subjectId) : undefined;
    subject?.hideUpTo(this.streamId, event.payload?.hidden_up_to_number);
    // A user whose streams are still loading is subscribed by the result: they may have left and entered again since.
    if (subject?.isLoaded && definition?.membership === 'join') this.activate(subject);
    if (content && this.subscribers.size > 0) this.send(this.subscribers, event, content, this.lastVisible);
    // A type that this version does not know leaves a visible gap in `prev`, and the client fetches the event itself.
    if (content || !definition) this.lastVisible = event.seq;
    (this.recent ??= new RecentEvents()).add({ event, content }, this.context.subscribers.cycle);
    if (subject && definition?.membership === 'leave' && this.subscribers.delete(subject)) this.releaseUser(subject);
    if ((definition?.hidesMessages || definition?.grantsStream) && event.subjectId)
      for (const user of this.subscribers) user.hideUpTo(event.subjectId, event.payload?.hidden_up_to_number);
    const fromSeq = Number(event.payload?.since_seq);
    if (definition?.grantsStream && event.subjectId && fromSeq >= 0)
      for (const user of this.subscribers) this.context.onStreamAccess(user, event.subjectId, fromSeq);
    if (definition?.endsStream) this.end();
  }

  private send(users: Iterable<LocalSubscriber>, event: StreamEvent, content: EventContent, prev: number): void {
    const { subscribers, logger } = this.context;
    const outgoing = { kind: this.kind, event, content, prev, cycle: subscribers.cycle };
    this.context.onDispatched(event, dispatchToUsers(users, outgoing, logger));
  }

  private activate(user: LocalSubscriber): void {
    // A user who is catching up reads their entering event from the log.
    if (this.subscribers.has(user) || this.catchingUp?.has(user)) return;
    user.streams.add(this);
    user.cursorFromCycle = this.context.subscribers.cycle + 1;
    this.subscribers.add(user);
  }

  private activatePending(seq: number): void {
    for (const [user, from] of this.pendingSubscribers!) {
      if (from > seq) continue;
      this.pendingSubscribers!.delete(user);
      this.activate(user);
    }
    if (this.pendingSubscribers!.size === 0) this.pendingSubscribers = undefined;
  }

  private releaseUser(user: LocalSubscriber): void {
    if (!this.pendingSubscribers?.has(user)) user.streams.delete(this);
    if (this.subscribers.size === 0 && !this.pendingSubscribers?.size && !this.catchingUp) this.end();
  }

  private allUsers(): LocalSubscriber[] {
    return [...this.subscribers, ...(this.pendingSubscribers?.keys() ?? []), ...(this.catchingUp?.users() ?? [])];
  }

  private end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const user of this.allUsers()) user.streams.delete(this);
    this.subscribers.clear();
    this.pendingSubscribers = this.catchingUp = undefined;
    this.outOfOrder = this.recent = undefined;
    this.context.onDispatcherEnded(this);
  }
}
