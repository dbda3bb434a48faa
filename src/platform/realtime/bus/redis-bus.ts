import { Redis } from 'ioredis';
import { CoalescingBus } from './coalescing-bus.js';

const CHANNEL = 'parley:bus';
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_RETRY_MS = 15_000;

/** Nodes tell each other through Redis pub/sub. Redis holds nothing: losing it only adds latency. */
export class RedisBus extends CoalescingBus {
  private readonly publisher: Redis;
  private readonly subscriber: Redis;
  private warned = false;

  constructor(url: string) {
    super(MAX_TEXT_BYTES);
    const retryStrategy = (times: number): number => Math.min(MAX_RETRY_MS, 250 * 2 ** Math.min(times, 6));
    const options = { lazyConnect: true, enableOfflineQueue: false, retryStrategy, commandTimeout: 2000 };
    this.publisher = new Redis(url, { ...options, maxRetriesPerRequest: 0 });
    this.subscriber = new Redis(url, { ...options, commandTimeout: undefined, autoResubscribe: true });
    for (const client of [this.publisher, this.subscriber]) client.on('error', (error) => this.warn(error));
    this.subscriber.on('ready', () => {
      this.warned = false;
      this.subscriber.subscribe(CHANNEL).catch((error: Error) => this.warn(error));
    });
    this.subscriber.on('message', (_channel, text) => this.receive(text));
    this.publisher.on('ready', () => this.schedule());
  }

  override start(): void {
    for (const client of [this.publisher, this.subscriber]) client.connect().catch((error: Error) => this.warn(error));
  }

  override async stop(): Promise<void> {
    await super.stop();
    this.publisher.disconnect();
    this.subscriber.disconnect();
  }

  /** Without Redis nobody can say, and the clients are given their time. */
  override async hasOthers(): Promise<boolean> {
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

  private warn(error: Error): void {
    if (this.warned) return;
    this.warned = true;
    this.logger.warn(`no bus (${error.message}); events of other nodes arrive by the sweep; trying on`);
  }
}
