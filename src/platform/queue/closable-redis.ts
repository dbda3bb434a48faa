import { Redis } from 'ioredis';

/** A server that takes connections and says nothing is not waited for any longer than this on the way out. */
const QUIT_PATIENCE_MS = 3000;

/**
 * A connection that can be closed whatever has become of its server. ioredis, told to disconnect while it waits for its
 * next try to connect, drops that try and never says that it has ended, and a QUIT behind commands that wait for the
 * server waits with them; BullMQ closes its workers by the one and its queues by the other.
 */
export class ClosableRedis extends Redis {
  override disconnect(reconnect = false): void {
    const isBetweenTries = this.status === 'reconnecting';
    super.disconnect(reconnect);
    if (reconnect || !isBetweenTries) return;
    // The try that was dropped is made now: refused, it ends the connection for good; taken, it is ended here.
    this.once('ready', () => super.disconnect());
    this.connect().catch(() => undefined);
  }

  override async quit(): Promise<'OK'> {
    if (this.status !== 'ready') {
      this.disconnect();
      return 'OK';
    }
    const late = setTimeout(() => this.disconnect(), QUIT_PATIENCE_MS);
    try {
      return await super.quit();
    } finally {
      clearTimeout(late);
    }
  }
}
