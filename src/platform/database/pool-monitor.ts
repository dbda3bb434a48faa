import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { isReadOnly } from './database-errors.js';
import type { StatementStats } from './statement-stats.js';

const CHECK_EVERY_MS = 50;
const REPLACE_EVERY_MS = 1000;

/**
 * Measures the wait for a connection of the pool, which the pool itself does not report. While requests wait in its
 * queue, a probe waits behind them, and its wait is the one a next request has to expect. Without waiting requests it
 * costs nothing.
 *
 * It also replaces the idle connections when a statement finds the server read-only: a connection stays read-only after
 * its server no longer is, and only a new connection reaches another server.
 */
export class PoolMonitor implements OnApplicationShutdown {
  private lastWaitMs = 0;
  private probeSince: number | undefined;
  private replacedAt = -Infinity;
  private readonly timer: NodeJS.Timeout;
  private readonly readOnlyWarning = new RepeatedWarning(
    new Logger('Database'),
    'PostgreSQL takes no writes: it is a standby, or default_transaction_read_only is on',
    { recovered: 'PostgreSQL takes writes again' },
  );

  constructor(
    private readonly pool: pg.Pool,
    statements?: Pick<StatementStats, 'observeFailures'>,
  ) {
    statements?.observeFailures((failure) => {
      if (isReadOnly(failure)) this.foundReadOnly();
    });
    this.timer = setInterval(() => this.check(), CHECK_EVERY_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Milliseconds: the wait of the last probe, or the wait so far of the current one, whichever is longer. */
  get waitMs(): number {
    const waiting = this.probeSince === undefined ? 0 : performance.now() - this.probeSince;
    return Math.max(waiting, this.lastWaitMs);
  }

  get state(): { open: number; idle: number; waiting: number } {
    const { totalCount, idleCount, waitingCount } = this.pool;
    const probes = this.probeSince === undefined || waitingCount === 0 ? 0 : 1;
    return { open: totalCount, idle: idleCount, waiting: waitingCount - probes };
  }

  /** Logs that the server accepts no writes. Closes the idle connections, unless that was done in the last second. */
  foundReadOnly(): void {
    this.readOnlyWarning.failed({});
    this.replaceIdleConnections();
  }

  foundWritable(): void {
    this.readOnlyWarning.worked();
  }

  private replaceIdleConnections(): void {
    const now = performance.now();
    if (now - this.replacedAt < REPLACE_EVERY_MS) return;
    this.replacedAt = now;
    for (let idle = this.pool.idleCount; idle > 0; idle--) {
      this.pool.connect().then(
        (client) => client.release(true),
        () => undefined,
      );
    }
  }

  private check(): void {
    if (this.probeSince !== undefined) return;
    if (this.pool.waitingCount === 0) this.lastWaitMs = 0;
    else void this.probe();
  }

  private async probe(): Promise<void> {
    const begun = performance.now();
    this.probeSince = begun;
    try {
      (await this.pool.connect()).release();
    } catch {
      // The wait until the failure also counts: waiting requests have the same wait.
    }
    this.lastWaitMs = performance.now() - begun;
    this.probeSince = undefined;
  }
}
