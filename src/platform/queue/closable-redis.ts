import { Redis } from 'ioredis';

/** How long a shutdown waits for a server that accepts connections and does not respond. */
const QUIT_TIMEOUT_MS = 3000;
/** BullMQ recognises the end of a connection by this text. */
const CLOSED = 'Connection is closed.';

/**
 * A connection that can be closed whatever the state of its server. If ioredis is disconnected while it waits for its
 * next connection attempt, it drops the attempt and never emits `end`. A QUIT behind commands that wait for the server
 * waits with them. BullMQ closes its workers with the former and its queues with the latter.
 */
export class ClosableRedis extends Redis {
  private isAbandoned = false;

  /**
   * Disconnects for good. A worker that waited for its server to return connects again as soon as its connection ends,
   * and would wait without end for one that does not respond.
   */
  abandon(): void {
    this.isAbandoned = true;
    this.disconnect();
  }

  /** @throws Error after `abandon` */
  override connect(): Promise<void> {
    return this.isAbandoned ? Promise.reject(new Error(CLOSED)) : super.connect();
  }

  override disconnect(reconnect = false): void {
    const isBetweenAttempts = this.status === 'reconnecting';
    super.disconnect(reconnect);
    if (reconnect || !isBetweenAttempts) return;
    // Makes the dropped attempt now: if it fails, it ends the connection; if it succeeds, the connection is ended here.
    this.once('connect', () => super.disconnect());
    super.connect().catch(() => undefined);
  }

  override async quit(): Promise<'OK'> {
    if (this.status !== 'ready') {
      this.disconnect();
      return 'OK';
    }
    const timer = setTimeout(() => this.disconnect(), QUIT_TIMEOUT_MS);
    try {
      return await super.quit();
    } finally {
      clearTimeout(timer);
    }
  }
}
