import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOSE_REASONS } from './close-reasons.js';
import { sealCursor } from './cursor.js';
import { goingAwayFrame, reconnectSpreadMs } from './going-away.js';
import { EncodedFrame } from './encoded-frame.js';
import { FanOutRepository, type LogState } from './fan-out.repository.js';
import { FanOut } from './fan-out.js';
import type { LocalSubscriber } from './local-subscribers.js';
import { WatermarkTracker } from './watermark-tracker.js';
import type { StreamDispatcher } from './stream-dispatcher.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const RECONCILE_EVERY_MS = 1500;
const STREAMS_PER_READ = 2000;
const USERS_PER_TURN = 500;
/** A user who has been handed nothing for this many rounds has nothing to gain from a newer cursor. */
const TOUCHED_ROUNDS = 3;
/** Even then it is renewed now and then, since it ages. */
const RENEW_AFTER_MS = 10 * 60 * 1000;

/**
 * Finds what no hint told of, and gives out cursors.
 *
 * A cursor claims: "everything by transactions below the watermark has been handed to you". It holds because the
 * watermark is of the same snapshot as the heads (the first one, where there are several: later snapshots see more),
 * all streams of the user were among those compared (he was let into none of them after the round began), and every
 * stream that was behind its head has been brought up to it before the cursor is queued behind those frames.
 */
@Injectable()
export class HeadReconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(HeadReconciler.name);
  private readonly cycleFailures = new RepeatedWarning(this.logger, 'the log could not be swept; trying on', {
    over: 'the log is swept again',
  });
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private epoch: string | undefined;
  private finishedAt = performance.now();

  constructor(
    private readonly fanOut: FanOut,
    private readonly repository: FanOutRepository,
    private readonly watermarks: WatermarkTracker,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule();
  }

  onModuleDestroy(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  /** Milliseconds since a round was done: for so long events the bus has lost may be missing. */
  get ageMs(): number {
    return performance.now() - this.finishedAt;
  }

  /** One round. @throws ServiceUnavailable when the database is away. */
  async reconcile(): Promise<void> {
    const { subscribers } = this.fanOut;
    const cycle = ++subscribers.cycle;
    const dispatchers = [...this.fanOut.allDispatchers()];
    if (dispatchers.length === 0) return;
    const state = await this.catchUpStreams(dispatchers, cycle);
    this.watermarks.record(state);
    if (this.epoch !== undefined && this.epoch !== state.seal.epoch) this.endAll();
    this.epoch = state.seal.epoch;
    await this.sendCursors(state, cycle);
  }

  private async catchUpStreams(dispatchers: StreamDispatcher[], cycle: number): Promise<LogState> {
    let first: LogState | undefined;
    const repairs: Promise<void>[] = [];
    const catchUpStreams = async (dispatcher: StreamDispatcher, seq: number): Promise<void> => {
      if (!(await dispatcher.reach(seq))) dispatcher.withholdCursors(cycle + 1);
    };
    for (let start = 0; start < dispatchers.length; start += STREAMS_PER_READ) {
      const chunk = dispatchers.slice(start, start + STREAMS_PER_READ);
      const { ahead, ...state } = await this.repository.headsAhead(
        chunk.map(({ streamId, last }) => ({ streamId, seq: last })),
      );
      first ??= state;
      for (const { streamId, seq } of ahead) {
        const dispatcher = this.fanOut.findDispatcher(streamId);
        if (dispatcher) repairs.push(catchUpStreams(dispatcher, seq));
      }
      for (const dispatcher of chunk) {
        dispatcher.dropStaleEvents();
        if (dispatcher.isBehind) repairs.push(catchUpStreams(dispatcher, dispatcher.last));
      }
    }
    await Promise.all(repairs);
    return first!;
  }

  private async sendCursors({ seal, watermark }: LogState, cycle: number): Promise<void> {
    const now = Date.now();
    let sent = 0;
    for (const user of [...this.fanOut.subscribers.all()]) {
      if (!this.isDue(user, watermark, cycle, now)) continue;
      user.watermark = watermark;
      user.cursorSentAt = now;
      const frame = EncodedFrame.of('cursor', { data: { cursor: sealCursor(seal, user.userId, watermark, now) } });
      for (const connection of user.connections) connection.deliver(frame, 'ephemeral');
      if (++sent % USERS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private isDue(user: LocalSubscriber, watermark: string, cycle: number, now: number): boolean {
    if (!user.isLoaded || cycle < user.cursorFromCycle || watermark === user.watermark) return false;
    return user.dispatchedInCycle >= cycle - TOUCHED_ROUNDS || now - user.cursorSentAt > RENEW_AFTER_MS;
  }

  /**
   * Another history of the database: positions mean something else now. No connection can be kept until its client has
   * moved; the clients are told when to come back, one after the other, and start over.
   */
  private endAll(): void {
    this.logger.warn(
      'the database has another history than before: all connections are ended, their clients start over',
    );
    const users = [...this.fanOut.subscribers.all()];
    const spreadMs = reconnectSpreadMs(users.reduce((count, { connections }) => count + connections.length, 0));
    for (const user of users) {
      for (const connection of user.connections) {
        this.fanOut.subscribers.remove(connection);
        connection.deliver(goingAwayFrame(Math.random() * spreadMs), 'state');
        connection.close(CLOSE_REASONS.restart.code, CLOSE_REASONS.restart.message);
      }
    }
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.tick(), RECONCILE_EVERY_MS);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    try {
      await this.cycleFailures.watch(() => this.reconcile());
      this.finishedAt = performance.now();
    } catch {
    } finally {
      this.schedule();
    }
  }
}
