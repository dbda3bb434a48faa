import type { CommittedEvent, PresentedEvent, StreamEvent } from '../event-log/stream-event.js';
import type { EncodedFrame, FrameClass } from './encoded-frame.js';
import { READ_PAGE } from './event-reader.js';
import { dispatchToUsers } from './dispatch-to-users.js';
import { CatchUpSubscribers, replayTo, type CatchUpSubscriber, type ReplayContext } from './catch-up-subscribers.js';
import type { LocalSubscriber } from './local-subscribers.js';
import type { DispatchContext } from './dispatch-context.js';
import { RecentEvents } from './recent-events.js';
import type { StreamKind } from './wire-event.js';

/** More events than this ahead of a gap are not kept but read again. */
const MAX_HELD = 1000;

/**
 * Hands one stream to those users of this node who receive it: each event once, in the order of seq, without a gap.
 *
 * `last` is the only state of the order. The next event goes out at once; one further ahead waits until the log has
 * filled the gap; one behind is ignored. Events of membership are applied in their place, so it is the log itself that
 * decides who receives which event: who enters gets his entering event and what follows, who leaves gets his leaving
 * event and nothing after it.
 */
export class StreamDispatcher {
  private readonly subscribers = new Set<LocalSubscriber>();
  /** Users who come in at a position this pump has not reached yet. */
  private pendingSubscribers: Map<LocalSubscriber, number> | undefined;
  private catchingUp: CatchUpSubscribers | undefined;
  private outOfOrder: Map<number, CommittedEvent> | undefined;
  private recent: RecentEvents | undefined;
  /** The furthest position anybody has told of. */
  private knownHead: number;
  /** The last position that was shown: an event without a subject any more is passed over in silence. */
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

  /** Takes an event right after its commit. When it is the next one it has reached all queues on return. */
  offer(event: CommittedEvent): void {
    if (event.seq <= this.last) return;
    if (!this.isWorking && event.seq === this.last + 1 && event.presented) {
      this.deliver(event, event.presented);
      if (this.outOfOrder) this.drain();
      if (!this.isBehind) this.hasFailed = false;
      return;
    }
    if (event.presented && (this.outOfOrder?.size ?? 0) < MAX_HELD)
      (this.outOfOrder ??= new Map()).set(event.seq, event);
    this.hint(event.seq);
  }

  /** Somebody says that the stream has got as far as `seq`. */
  hint(seq: number): void {
    if (seq > this.knownHead) this.knownHead = seq;
    if (!this.hasFailed) this.start();
  }

  /**
   * The same with certainty, from the log: tries again what failed. Answers, as soon as it is known, whether everybody
   * here has been handed everything up to `seq`.
   */
  reach(seq: number): Promise<boolean> {
    this.hasFailed = false;
    this.hint(seq);
    if (!this.isWorking) return Promise.resolve(true);
    return new Promise((resolve) => {
      (this.reachWaiters ??= []).push({ seq, resolve });
    });
  }

  /** Whether something is left to be done that `reach` should try again. */
  get isBehind(): boolean {
    return this.knownHead > this.last || this.catchingUp !== undefined;
  }

  /**
   * Lets in a user who belongs to the stream at position `from` and receives everything from there on. When the pump is
   * past it, he first gets what has passed, up to his own leaving if that is part of it.
   */
  subscribe(user: LocalSubscriber, from: number): void {
    const isKnown = this.subscribers.has(user) || !!this.catchingUp?.has(user);
    if (from <= this.last && (isKnown || this.pendingSubscribers?.has(user))) return;
    user.streams.add(this);
    user.cursorFromCycle = this.context.subscribers.cycle + 1;
    if (from > this.last) {
      // Also for who is inside: he may leave before `from`, and must not be the last whose leaving ends the pump.
      if (from === this.last + 1 && !isKnown) this.subscribers.add(user);
      else (this.pendingSubscribers ??= new Map()).set(user, Math.max(from, this.pendingSubscribers.get(user) ?? 0));
      return;
    }
    const passed = this.recent?.from(from);
    if (passed) {
      const subscriber: CatchUpSubscriber = { from, isInside: true };
      replayTo([user, subscriber], passed, this.replayContext);
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

  /** Nobody here may be told that he has everything before this round: something could not be read. */
  withholdCursors(untilCycle: number): void {
    for (const user of this.allUsers()) user.cursorFromCycle = untilCycle;
  }

  /** A frame without a place in the order, to everybody who receives the stream now. */
  signal(frame: EncodedFrame, frameClass: FrameClass, routing: { key?: string; exceptUserId?: string }): void {
    for (const user of this.subscribers) {
      if (user.userId === routing.exceptUserId) continue;
      for (const connection of user.connections) {
        if (!connection.mutedStreams?.has(this.streamId)) connection.deliver(frame, frameClass, routing);
      }
    }
  }

  /** Lets go of recent events once the stream is quiet. */
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
        // Two commits of one stream may be announced in the wrong order; a turn later both are here.
        await new Promise((resolve) => setImmediate(resolve));
        this.drain();
        if (this.isEnded) return;
        if (this.catchingUp) await this.catchUpSubscribers(this.catchingUp);
        else if (this.knownHead > this.last) await this.fillGap();
        else return;
        this.context.unreadStreams.worked();
        // A hot stream may keep this loop going: who waited for an earlier position is told on the way.
        if (this.reachWaiters && !this.catchingUp) this.answerReached();
      }
    } catch (error) {
      this.hasFailed = true;
      this.context.unreadStreams.failed({ err: error, stream_id: this.streamId });
    } finally {
      // In the same turn as the last look at what is left: an event offered after it must find the pump idle.
      this.isWorking = false;
      for (const { seq, resolve } of this.reachWaiters ?? []) {
        resolve(this.isEnded || (seq <= this.last && !this.catchingUp));
      }
      this.reachWaiters = undefined;
    }
  }

  private answerReached(): void {
    const { reachWaiters, last } = this;
    this.reachWaiters = reachWaiters!.filter(({ seq }) => seq > last);
    for (const { seq, resolve } of reachWaiters!) if (seq <= last) resolve(true);
  }

  private drain(): void {
    for (let event = this.outOfOrder?.get(this.last + 1); event; event = this.outOfOrder?.get(this.last + 1)) {
      this.deliver(event, event.presented);
    }
    if (this.outOfOrder?.size === 0) this.outOfOrder = undefined;
  }

  private async fillGap(): Promise<void> {
    const events = await this.context.reader.readAfter(this.streamId, this.last);
    for (const { event, presented } of events) {
      if (event.seq > this.last && !this.isEnded) this.deliver(event, presented);
    }
    if (events.length >= READ_PAGE) this.knownHead = Math.max(this.knownHead, this.last + 1);
    // Nothing there: the hint was wrong, or the stream is gone.
    if (events.length === 0) {
      this.knownHead = this.last;
      this.outOfOrder = undefined;
    }
  }

  /** Meanwhile `last` stands still, so nobody is let in too early or too late. */
  private async catchUpSubscribers(catchingUp: CatchUpSubscribers): Promise<void> {
    const arrived = await catchingUp.replay(this.last, this.replayContext);
    if (catchingUp.size === 0 && this.catchingUp === catchingUp) this.catchingUp = undefined;
    // Who is inside first: the leaving of the others must not end the pump over his head.
    for (const [user, subscriber] of arrived) if (subscriber.isInside) this.finishCatchUp(user, subscriber);
    for (const [user, subscriber] of arrived) if (!subscriber.isInside) this.finishCatchUp(user, subscriber);
  }

  private finishCatchUp(user: LocalSubscriber, { isInside }: CatchUpSubscriber): void {
    // An observer may have taken him out over an event he was just being told.
    if (isInside && user.streams.has(this)) this.subscribers.add(user);
    else this.releaseUser(user);
  }

  private get replayContext(): ReplayContext {
    return {
      catalogue: this.context.catalogue,
      read: (after) => this.context.reader.readAfter(this.streamId, after),
      send: (user, { event, presented }) => {
        if (presented && user.streams.has(this)) this.send([user], event, presented, event.seq - 1);
      },
    };
  }

  private deliver(event: StreamEvent, presented: PresentedEvent | undefined): void {
    this.last = event.seq;
    this.outOfOrder?.delete(event.seq);
    if (this.pendingSubscribers) this.activatePending(event.seq);
    const definition = this.context.catalogue.find(event.type);
    const subject =
      definition?.membership && event.subjectId ? this.context.subscribers.get(event.subjectId) : undefined;
    // Whose streams are still being read is let in by what is read: he may have left and come back since.
    if (subject?.isLoaded && definition?.membership === 'enters') this.activate(subject);
    if (presented && this.subscribers.size > 0) this.send(this.subscribers, event, presented, this.lastVisible);
    // A type this version does not know leaves a visible hole in `prev`: the client fetches it elsewhere.
    if (presented || !definition) this.lastVisible = event.seq;
    (this.recent ??= new RecentEvents()).add({ event, presented }, this.context.subscribers.cycle);
    if (subject && definition?.membership === 'leaves' && this.subscribers.delete(subject)) this.releaseUser(subject);
    if (definition?.opensStream && event.subjectId) {
      const since = Number(event.payload?.since_seq);
      if (since >= 0) for (const user of this.subscribers) this.context.onStreamAccess(user, event.subjectId, since);
    }
    if (definition?.endsStream) this.end();
  }

  private send(users: Iterable<LocalSubscriber>, event: StreamEvent, presented: PresentedEvent, prev: number): void {
    const { subscribers, logger } = this.context;
    const outgoing = { kind: this.kind, event, presented, prev, cycle: subscribers.cycle };
    this.context.onDispatched(event, dispatchToUsers(users, outgoing, logger));
  }

  private activate(user: LocalSubscriber): void {
    // A latecomer meets his entering event in what he is still to be told.
    if (this.subscribers.has(user) || this.catchingUp?.has(user)) return;
    user.streams.add(this);
    user.cursorFromCycle = this.context.subscribers.cycle + 1;
    this.subscribers.add(user);
  }

  private activatePending(seq: number): void {
    for (const [user, since] of this.pendingSubscribers!) {
      if (since > seq) continue;
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
