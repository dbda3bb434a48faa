import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOSE_REASONS } from '../connection/close-reasons.js';
import { signCursor } from '../resume/cursor.js';
import { goingAwayFrame, reconnectSpreadMs } from '../connection/going-away.js';
import { EncodedFrame } from '../protocol/encoded-frame.js';
import { FanOutRepository, type LogState } from './fan-out.repository.js';
import { FanOut } from './fan-out.js';
import type { LocalSubscriber } from './local-subscribers.js';
import { WatermarkTracker } from './watermark-tracker.js';
import type { StreamDispatcher } from './stream-dispatcher.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

const RECONCILE_EVERY_MS = 1500;
const STREAMS_PER_READ = 2000;
const USERS_PER_TURN = 500;
/** A user who has received nothing for this many cycles does not need a newer cursor. */
const ACTIVE_CYCLES = 3;
/** Idle users get a new cursor this often, because cursors expire. */
const RENEW_AFTER_MS = 10 * 60 * 1000;

/**
 * Compares the stream heads in the database with what was delivered, delivers the rest, and sends resume cursors.
 *
 * Invariant: a cursor states that all events of transactions below the watermark have been sent to the user. It holds
 * for three reasons. The watermark is of the same snapshot as the heads, or of the first of several: later ones see
 * more. All streams of the user were compared: users who were subscribed to one after the cycle began get no cursor.
 * Every stream behind its head was brought up to it first, or its users get no cursor, so the cursor is queued behind
 * those frames.
 */
@Injectable()
export class HeadReconciler implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(HeadReconciler.name);
  private readonly cycleFailures = new RepeatedWarning(
    this.logger,
    'the stream heads could not be reconciled; retrying',
    {
      recovered: 'the stream heads are reconciled again',
    },
  );
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
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

  /** Milliseconds since the last completed cycle. Events that the bus has lost may be missing for so long. */
  get cycleAgeMs(): number {
    return performance.now() - this.finishedAt;
  }

  /** Runs one cycle. @throws ServiceUnavailable when the database is unavailable */
  async reconcile(): Promise<void> {
    const { subscribers } = this.fanOut;
    const cycle = ++subscribers.cycle;
    const dispatchers = [...this.fanOut.allDispatchers()];
    if (dispatchers.length === 0) return;
    const state = await this.catchUpStreams(dispatchers, cycle);
    this.watermarks.record(state);
    if (this.watermarks.consumeEpochChange()) this.closeAll();
    await this.sendCursors(state, cycle);
  }

  private async catchUpStreams(dispatchers: StreamDispatcher[], cycle: number): Promise<LogState> {
    let first: LogState | undefined;
    const pending: Promise<void>[] = [];
    const catchUp = async (dispatcher: StreamDispatcher, seq: number): Promise<void> => {
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
        if (dispatcher) pending.push(catchUp(dispatcher, seq));
      }
      for (const dispatcher of chunk) {
        dispatcher.dropStaleEvents();
        if (dispatcher.isBehind) pending.push(catchUp(dispatcher, dispatcher.last));
      }
    }
    await Promise.all(pending);
    return first!;
  }

  private async sendCursors({ cursorKey, watermark }: LogState, cycle: number): Promise<void> {
    const now = Date.now();
    let sent = 0;
    for (const user of [...this.fanOut.subscribers.all()]) {
      if (!this.isDue(user, watermark, cycle, now)) continue;
      user.watermark = watermark;
      user.cursorSentAt = now;
      const frame = EncodedFrame.of('cursor', { data: { cursor: signCursor(cursorKey, user.userId, watermark, now) } });
      for (const connection of user.connections) connection.deliver(frame, 'ephemeral');
      if (++sent % USERS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private isDue(user: LocalSubscriber, watermark: string, cycle: number, now: number): boolean {
    if (!user.isLoaded || cycle < user.cursorFromCycle || watermark === user.watermark) return false;
    return user.dispatchedInCycle >= cycle - ACTIVE_CYCLES || now - user.cursorSentAt > RENEW_AFTER_MS;
  }

  /**
   * Ends all connections after a change of the database epoch: positions have another meaning now, so no connection can
   * stay open until its client has moved. Each client is sent a time to reconnect, spread over an interval, and starts
   * over.
   */
  private closeAll(): void {
    this.logger.warn(
      'the history of the database has changed: all connections are closed and their clients start over',
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
