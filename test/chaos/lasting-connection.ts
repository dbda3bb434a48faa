import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.js';
import type { Link, LinkKind } from './client-link.js';

/**
 * The behaviours of a client after `going_away`: it opens another connection and then closes the old one, closes first
 * as the Socket.IO client of docs/realtime.md does, or waits until the server closes it.
 */
export const WAYS_TO_MOVE = ['open first', 'close first', 'wait for the close'] as const;
export type WayToMove = (typeof WAYS_TO_MOVE)[number];

const TRY_AGAIN_MS = 100;
/** A busy machine opens a connection late; what counts here is that no server refuses one. */
const PATIENCE_MS = 60_000;
/**
 * A server that ends keeps a connection for 5 s after it has sent `going_away`. A busy client reads the frame late, so
 * a client that has not moved for half of that time counts as late.
 */
const MOVE_MS = 2_500;

/** Keeps a client connected over restarts of its servers, by the rules of docs/realtime.md. */
export class LastingConnection {
  /** Connections that replaced another one. */
  moves = 0;
  /** Times without a live connection. */
  interruptions = 0;
  /** Those of them in which the client did not move in the time it has. */
  lateMoves = 0;
  /** The errors of refused connections. */
  readonly refusals: string[] = [];
  private link: Link | undefined;
  private reconnectAfterMs = 0;
  private moveBy = Infinity;
  private isOver = false;

  constructor(
    private readonly client: Client,
    private readonly kind: LinkKind,
    private readonly way: WayToMove,
  ) {
    client.onFrame = ({ type, data }) => {
      if (type === 'going_away') void this.leave(data.reconnect_after_ms as number);
    };
  }

  async open(): Promise<void> {
    const link = await this.client.connect(this.kind, { timeoutMs: PATIENCE_MS });
    this.link = link;
    this.moveBy = Infinity;
    void link.closed.then(async () => {
      if (this.link === link) await this.comeBack();
    });
  }

  /** Stops reconnecting. */
  end(): void {
    this.isOver = true;
  }

  private async leave(afterMs: number): Promise<void> {
    const old = this.link;
    this.reconnectAfterMs = afterMs;
    this.moveBy = performance.now() + MOVE_MS;
    if (!old || this.way === 'wait for the close') return;
    await sleep(afterMs);
    if (this.way === 'close first') return old.cut();
    while (this.link === old && !this.isOver) {
      if (await this.tryToOpen()) return old.cut();
    }
  }

  private async comeBack(): Promise<void> {
    this.link = undefined;
    if (this.isOver) return;
    this.interruptions++;
    if (performance.now() >= this.moveBy) this.lateMoves++;
    await sleep(this.reconnectAfterMs);
    while (!this.link && !this.isOver) await this.tryToOpen();
  }

  private async tryToOpen(): Promise<boolean> {
    try {
      await this.open();
      this.moves++;
      return true;
    } catch (error) {
      this.refusals.push((error as Error).message);
      await sleep(Math.random() * TRY_AGAIN_MS);
      return false;
    }
  }
}
