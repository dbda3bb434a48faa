import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOSE } from './close-codes.js';
import { sealCursor } from './cursor.js';
import { goingAway, returnSpreadMs } from './departure.js';
import { EncodedFrame } from './encoded-frame.js';
import { FanOutRepository, type LogState } from './fan-out.repository.js';
import { FanOut } from './fan-out.js';
import type { LocalUser } from './local-audience.js';
import { LogClock } from './log-clock.js';
import type { StreamPump } from './stream-pump.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const SWEEP_EVERY_MS = 1500;
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
export class Sweep implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(Sweep.name);
  private readonly unswept = new RepeatedWarning(this.logger, 'the log could not be swept; trying on', {
    over: 'the log is swept again',
  });
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private epoch: string | undefined;
  private sweptAt = performance.now();

  constructor(
    private readonly fanOut: FanOut,
    private readonly repository: FanOutRepository,
    private readonly clock: LogClock,
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
    return performance.now() - this.sweptAt;
  }

  /** One round. @throws ServiceUnavailable when the database is away. */
  async run(): Promise<void> {
    const { audience } = this.fanOut;
    const round = ++audience.round;
    const pumps = [...this.fanOut.all()];
    if (pumps.length === 0) return;
    const state = await this.repair(pumps, round);
    this.clock.note(state);
    if (this.epoch !== undefined && this.epoch !== state.seal.epoch) this.endAll();
    this.epoch = state.seal.epoch;
    await this.sendCursors(state, round);
  }

  private async repair(pumps: StreamPump[], round: number): Promise<LogState> {
    let first: LogState | undefined;
    const repairs: Promise<void>[] = [];
    const repair = async (pump: StreamPump, seq: number): Promise<void> => {
      if (!(await pump.reach(seq))) pump.withholdCursors(round + 1);
    };
    for (let start = 0; start < pumps.length; start += STREAMS_PER_READ) {
      const chunk = pumps.slice(start, start + STREAMS_PER_READ);
      const { ahead, ...state } = await this.repository.headsAhead(
        chunk.map(({ streamId, last }) => ({ streamId, seq: last })),
      );
      first ??= state;
      for (const { streamId, seq } of ahead) {
        const pump = this.fanOut.find(streamId);
        if (pump) repairs.push(repair(pump, seq));
      }
      for (const pump of chunk) {
        pump.forget();
        if (pump.isBehind) repairs.push(repair(pump, pump.last));
      }
    }
    await Promise.all(repairs);
    return first!;
  }

  private async sendCursors({ seal, watermark }: LogState, round: number): Promise<void> {
    const now = Date.now();
    let sent = 0;
    for (const user of [...this.fanOut.audience.all()]) {
      if (!this.isDue(user, watermark, round, now)) continue;
      user.watermark = watermark;
      user.cursorSentAt = now;
      const frame = EncodedFrame.of('cursor', { data: { cursor: sealCursor(seal, user.userId, watermark, now) } });
      for (const connection of user.connections) connection.deliver(frame, 'ephemeral');
      if (++sent % USERS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private isDue(user: LocalUser, watermark: string, round: number, now: number): boolean {
    if (!user.isOpen || round < user.cursorFromRound || watermark === user.watermark) return false;
    return user.touchedInRound >= round - TOUCHED_ROUNDS || now - user.cursorSentAt > RENEW_AFTER_MS;
  }

  /**
   * Another history of the database: positions mean something else now. No connection can be kept until its client has
   * moved; the clients are told when to come back, one after the other, and start over.
   */
  private endAll(): void {
    this.logger.warn(
      'the database has another history than before: all connections are ended, their clients start over',
    );
    const users = [...this.fanOut.audience.all()];
    const spreadMs = returnSpreadMs(users.reduce((count, { connections }) => count + connections.length, 0));
    for (const user of users) {
      for (const connection of user.connections) {
        this.fanOut.audience.leave(connection);
        connection.deliver(goingAway(Math.random() * spreadMs), 'state');
        connection.close(CLOSE.restart.code, CLOSE.restart.message);
      }
    }
  }

  private schedule(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => void this.tick(), SWEEP_EVERY_MS);
    this.timer.unref();
  }

  private async tick(): Promise<void> {
    try {
      await this.unswept.watch(() => this.run());
      this.sweptAt = performance.now();
    } catch {
    } finally {
      this.schedule();
    }
  }
}
