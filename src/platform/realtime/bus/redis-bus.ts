import { Redis } from 'ioredis';
import { CoalescingBus } from './coalescing-bus.js';

const CHANNEL = 'parley:bus';
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_RETRY_MS = 15_000;

/** A bus over Redis pub/sub. Redis stores nothing: an outage only adds latency. */
export class RedisBus extends CoalescingBus {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;

  constructor(url: string) {
    super(MAX_TEXT_BYTES);
    const retryStrategy = (times: number): number => Math.min(MAX_RETRY_MS, 250 * 2 ** Math.min(times, 6));
    const options = { lazyConnect: true, enableOfflineQueue: false, retryStrategy, commandTimeout: 2000 };
    this.publisher = new Redis(url, { ...options, maxRetriesPerRequest: 0 });
    this.subscriber = new Redis(url, { ...options, commandTimeout: undefined, autoResubscribe: false });
    for (const client of [this.publisher, this.subscriber])
      client.on('error', (err) => this.connectionFailures.failed({ err }));
    this.subscriber.on('ready', () => {
      this.connectionFailures.watch(() => this.subscriber.subscribe(CHANNEL)).catch(() => undefined);
    });
    this.subscriber.on('message', (_channel, text) => this.receive(text));
    this.publisher.on('ready', () => this.schedule());
  }

  override start(): void {
    // The listeners of `error` log the reason.
    for (const client of [this.publisher, this.subscriber]) client.connect().catch(() => undefined);
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }

  /** Returns true if Redis is unavailable, so that clients get time to move. */
  override async hasPeers(): Promise<boolean> {
    try {
      const [, listeners] = (await this.publisher.pubsub('NUMSUB', CHANNEL)) as [string, number];
      return Number(listeners) > 1;
    } catch {
      return true;
    }
  }

  override get isConnected(): boolean {
    return this.publisher.status === 'ready';
  }

  protected override async transmit(texts: string[]): Promise<void> {
    await Promise.all(texts.map((text) => this.publisher.publish(CHANNEL, text)));
  }
}
