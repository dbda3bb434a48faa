import type { CommittedEvent, PresentedEvent, StreamEvent } from '../event-log/stream-event.js';
import type { EncodedFrame, FrameClass } from './encoded-frame.js';
import { GAP_PAGE } from './gap-reader.js';
import { handOver } from './hand-over.js';
import { Latecomers, retrace, type Latecomer, type Retracing } from './latecomers.js';
import type { LocalUser } from './local-audience.js';
import type { PumpSurroundings } from './pump-surroundings.js';
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
export class StreamPump {
  private readonly receivers = new Set<LocalUser>();
  /** Users who come in at a position this pump has not reached yet. */
  private waiting: Map<LocalUser, number> | undefined;
  private latecomers: Latecomers | undefined;
  private held: Map<number, CommittedEvent> | undefined;
  private recent: RecentEvents | undefined;
  /** The furthest position anybody has told of. */
  private wanted: number;
  /** The last position that was shown: an event without a subject any more is passed over in silence. */
  private shown: number;
  private waiters: { seq: number; resolve: (reached: boolean) => void }[] | undefined;
  private isWorking = false;
  private hasFailed = false;
  private isEnded = false;

  constructor(
    readonly streamId: string,
    readonly kind: StreamKind,
    public last: number,
    private readonly around: PumpSurroundings,
  ) {
    this.wanted = last;
    this.shown = last;
  }

  /** Takes an event right after its commit. When it is the next one it has reached all queues on return. */
  offer(event: CommittedEvent): void {
    if (event.seq <= this.last) return;
    if (!this.isWorking && event.seq === this.last + 1 && event.presented) {
      this.deliver(event, event.presented);
      if (this.held) this.drain();
      if (!this.isBehind) this.hasFailed = false;
      return;
    }
    if (event.presented && (this.held?.size ?? 0) < MAX_HELD) (this.held ??= new Map()).set(event.seq, event);
    this.hint(event.seq);
  }

  /** Somebody says that the stream has got as far as `seq`. */
  hint(seq: number): void {
    if (seq > this.wanted) this.wanted = seq;
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
      (this.waiters ??= []).push({ seq, resolve });
    });
  }

  /** Whether something is left to be done that `reach` should try again. */
  get isBehind(): boolean {
    return this.wanted > this.last || this.latecomers !== undefined;
  }

  /**
   * Lets in a user who belongs to the stream at position `from` and receives everything from there on. When the pump is
   * past it, he first gets what has passed, up to his own leaving if that is part of it.
   */
  admit(user: LocalUser, from: number): void {
    const isKnown = this.receivers.has(user) || !!this.latecomers?.has(user);
    if (from <= this.last && (isKnown || this.waiting?.has(user))) return;
    user.streams.add(this);
    user.cursorFromRound = this.around.audience.round + 1;
    if (from > this.last) {
      // Also for who is inside: he may leave before `from`, and must not be the last whose leaving ends the pump.
      if (from === this.last + 1 && !isKnown) this.receivers.add(user);
      else (this.waiting ??= new Map()).set(user, Math.max(from, this.waiting.get(user) ?? 0));
      return;
    }
    const passed = this.recent?.from(from);
    if (passed) {
      const latecomer: Latecomer = { from, isInside: true };
      retrace([user, latecomer], passed, this.retracing);
      this.settle(user, latecomer);
    } else {
      (this.latecomers ??= new Latecomers()).add(user, from);
      this.start();
    }
  }

  remove(user: LocalUser): void {
    this.receivers.delete(user);
    this.waiting?.delete(user);
    this.latecomers?.remove(user);
    if (this.latecomers?.size === 0) this.latecomers = undefined;
    this.forgetUser(user);
  }

  /** Nobody here may be told that he has everything before this round: something could not be read. */
  withholdCursors(untilRound: number): void {
    for (const user of this.users()) user.cursorFromRound = untilRound;
  }

  /** A frame without a place in the order, to everybody who receives the stream now. */
  signal(frame: EncodedFrame, frameClass: FrameClass, place: { key?: string; exceptUserId?: string }): void {
    for (const user of this.receivers) {
      if (user.userId === place.exceptUserId) continue;
      for (const connection of user.connections) {
        if (!connection.unwanted?.has(this.streamId)) connection.deliver(frame, frameClass, place);
      }
    }
  }

  /** Lets go of recent events once the stream is quiet. */
  forget(): void {
    if (this.recent?.isStale(this.around.audience.round)) this.recent = undefined;
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
        if (this.latecomers) await this.bringUpToDate(this.latecomers);
        else if (this.wanted > this.last) await this.fillGap();
        else return;
        this.around.unread.worked();
        // A hot stream may keep this loop going: who waited for an earlier position is told on the way.
        if (this.waiters && !this.latecomers) this.answerReached();
      }
    } catch (error) {
      this.hasFailed = true;
      this.around.unread.failed({ err: error, stream_id: this.streamId });
    } finally {
      // In the same turn as the last look at what is left: an event offered after it must find the pump idle.
      this.isWorking = false;
      for (const { seq, resolve } of this.waiters ?? []) {
        resolve(this.isEnded || (seq <= this.last && !this.latecomers));
      }
      this.waiters = undefined;
    }
  }

  private answerReached(): void {
    const { waiters, last } = this;
    this.waiters = waiters!.filter(({ seq }) => seq > last);
    for (const { seq, resolve } of waiters!) if (seq <= last) resolve(true);
  }

  private drain(): void {
    for (let event = this.held?.get(this.last + 1); event; event = this.held?.get(this.last + 1)) {
      this.deliver(event, event.presented);
    }
    if (this.held?.size === 0) this.held = undefined;
  }

  private async fillGap(): Promise<void> {
    const events = await this.around.reader.read(this.streamId, this.last);
    for (const { event, presented } of events) {
      if (event.seq > this.last && !this.isEnded) this.deliver(event, presented);
    }
    if (events.length >= GAP_PAGE) this.wanted = Math.max(this.wanted, this.last + 1);
    // Nothing there: the hint was wrong, or the stream is gone.
    if (events.length === 0) {
      this.wanted = this.last;
      this.held = undefined;
    }
  }

  /** Meanwhile `last` stands still, so nobody is let in too early or too late. */
  private async bringUpToDate(latecomers: Latecomers): Promise<void> {
    const arrived = await latecomers.retrace(this.last, this.retracing);
    if (latecomers.size === 0 && this.latecomers === latecomers) this.latecomers = undefined;
    // Who is inside first: the leaving of the others must not end the pump over his head.
    for (const [user, latecomer] of arrived) if (latecomer.isInside) this.settle(user, latecomer);
    for (const [user, latecomer] of arrived) if (!latecomer.isInside) this.settle(user, latecomer);
  }

  private settle(user: LocalUser, { isInside }: Latecomer): void {
    // An observer may have taken him out over an event he was just being told.
    if (isInside && user.streams.has(this)) this.receivers.add(user);
    else this.forgetUser(user);
  }

  private get retracing(): Retracing {
    return {
      catalogue: this.around.catalogue,
      read: (after) => this.around.reader.read(this.streamId, after),
      send: (user, { event, presented }) => {
        if (presented && user.streams.has(this)) this.send([user], event, presented, event.seq - 1);
      },
    };
  }

  private deliver(event: StreamEvent, presented: PresentedEvent | undefined): void {
    this.last = event.seq;
    this.held?.delete(event.seq);
    if (this.waiting) this.letIn(event.seq);
    const definition = this.around.catalogue.find(event.type);
    const subject = definition?.membership && event.subjectId ? this.around.audience.get(event.subjectId) : undefined;
    // Whose streams are still being read is let in by what is read: he may have left and come back since.
    if (subject?.isOpen && definition?.membership === 'enters') this.enter(subject);
    if (presented && this.receivers.size > 0) this.send(this.receivers, event, presented, this.shown);
    // A type this version does not know leaves a visible hole in `prev`: the client fetches it elsewhere.
    if (presented || !definition) this.shown = event.seq;
    (this.recent ??= new RecentEvents()).add({ event, presented }, this.around.audience.round);
    if (subject && definition?.membership === 'leaves' && this.receivers.delete(subject)) this.forgetUser(subject);
    if (definition?.opensStream && event.subjectId) {
      const since = Number(event.payload?.since_seq);
      if (since >= 0) for (const user of this.receivers) this.around.opensStream(user, event.subjectId, since);
    }
    if (definition?.endsStream) this.end();
  }

  private send(users: Iterable<LocalUser>, event: StreamEvent, presented: PresentedEvent, prev: number): void {
    const { audience, logger } = this.around;
    const departure = { kind: this.kind, event, presented, prev, round: audience.round };
    this.around.handedOver(event, handOver(users, departure, logger));
  }

  private enter(user: LocalUser): void {
    // A latecomer meets his entering event in what he is still to be told.
    if (this.receivers.has(user) || this.latecomers?.has(user)) return;
    user.streams.add(this);
    user.cursorFromRound = this.around.audience.round + 1;
    this.receivers.add(user);
  }

  private letIn(seq: number): void {
    for (const [user, since] of this.waiting!) {
      if (since > seq) continue;
      this.waiting!.delete(user);
      this.enter(user);
    }
    if (this.waiting!.size === 0) this.waiting = undefined;
  }

  private forgetUser(user: LocalUser): void {
    if (!this.waiting?.has(user)) user.streams.delete(this);
    if (this.receivers.size === 0 && !this.waiting?.size && !this.latecomers) this.end();
  }

  private users(): LocalUser[] {
    return [...this.receivers, ...(this.waiting?.keys() ?? []), ...(this.latecomers?.users() ?? [])];
  }

  private end(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    for (const user of this.users()) user.streams.delete(this);
    this.receivers.clear();
    this.waiting = this.latecomers = undefined;
    this.held = this.recent = undefined;
    this.around.ended(this);
  }
}
