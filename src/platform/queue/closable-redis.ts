import { Redis } from 'ioredis';

/** How long a shutdown waits for a server that accepts connections and does not respond. */
const QUIT_TIMEOUT_MS = 3000;

/**
 * A connection that can be closed whatever the state of its server. If ioredis is disconnected while it waits for its
 * next connection attempt, it drops the attempt and never emits `end`. A QUIT behind commands that wait for the server
 * waits with them. BullMQ closes its workers with the former and its queues with the latter.
 */
export class ClosableRedis extends Redis {
  override disconnect(reconnect = false): void {
    const isBetweenAttempts = this.status === 'reconnecting';
    super.disconnect(reconnect);
    if (reconnect || !isBetweenAttempts) return;
    // Makes the dropped attempt now: if it fails, it ends the connection; if it succeeds, the connection is ended here.
    this.once('ready', () => super.disconnect());
    this.connect().catch(() => undefined);
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
