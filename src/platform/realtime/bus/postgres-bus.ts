import pg from 'pg';
import { CoalescingBus } from './coalescing-bus.js';
import { isResponseTimeout } from '../../database/database-errors.js';

const CHANNEL = 'parley';
/** PostgreSQL accepts less than 8,000 bytes per notification. The rest is for the envelope. */
const MAX_TEXT_BYTES = 7800;
const GREET_EVERY_MS = 10_000;
/** A node that has sent no greeting for this long is considered gone. */
const PEER_LIFE_MS = 35_000;
const MAX_RETRY_MS = 15_000;

/**
 * A bus over LISTEN and NOTIFY, on its own connection and never in the transaction of a send: a NOTIFY takes a lock of
 * the whole cluster to commit (measured: 6,738 sends/s without, 2,086 with). A node that knows no other sends only its
 * greeting, so that a single node costs the database nothing.
 */
export class PostgresBus extends CoalescingBus {
  private client: pg.Client | undefined;
  private greetTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private retryMs = 250;
  private isStopped = false;
  private lastPeerAt = 0;

  constructor(private readonly url: string) {
    super(MAX_TEXT_BYTES);
  }

  override start(): void {
    void this.connect();
    this.greetTimer = setInterval(() => this.greet('hello'), GREET_EVERY_MS);
    this.greetTimer.unref();
  }

  override async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.greetTimer);
    clearTimeout(this.retryTimer);
    await super.stop();
    const client = this.client;
    this.client = undefined;
    await client?.end().catch(() => undefined);
  }

  override hasPeers(): Promise<boolean> {
    return Promise.resolve(!this.isAlone());
  }

  protected override isAlone(): boolean {
    return Date.now() - this.lastPeerAt > PEER_LIFE_MS;
  }

  override get isConnected(): boolean {
    return this.client !== undefined;
  }

  protected override onPeerSeen(): void {
    const wasAlone = this.isAlone();
    this.lastPeerAt = Date.now();
    // A new node must learn at once that it is not alone.
    if (wasAlone) this.greet('hello');
  }

  protected override async transmit(texts: string[]): Promise<void> {
    const { client } = this;
    try {
      await client?.query('select pg_notify($1, t) from unnest($2::text[]) t', [CHANNEL, texts]);
    } catch (error) {
      if (client && isResponseTimeout(error)) this.reconnect(client, error as Error);
      throw error;
    }
  }

  private greet(kind: string): void {
    if (!this.client) return;
    this.transmit([this.envelope([{ kind }])]).catch(() => undefined);
  }

  private async connect(): Promise<void> {
    if (this.isStopped) return;
    const client = new pg.Client({
      connectionString: this.url,
      application_name: 'parley-bus',
      connectionTimeoutMillis: 3000,
      query_timeout: 5000,
      keepAlive: true,
    });
    client.on('error', (error) => this.reconnect(client, error));
    client.on('end', () => this.reconnect(client, new Error('the connection was closed')));
    client.on('notification', ({ payload }) => this.receive(payload ?? ''));
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      this.client = client;
      this.retryMs = 250;
      this.connectionFailures.worked();
      this.greet('hello');
      this.schedule();
    } catch (error) {
      this.client = client;
      this.reconnect(client, error as Error);
    }
    if (this.isStopped) await client.end().catch(() => undefined);
  }

  private reconnect(client: pg.Client, cause: Error): void {
    if (this.client !== client || this.isStopped) return;
    this.client = undefined;
    this.connectionFailures.failed({ err: cause });
    client.end().catch(() => undefined);
    this.retryTimer = setTimeout(() => void this.connect(), this.retryMs);
    this.retryTimer.unref();
    this.retryMs = Math.min(MAX_RETRY_MS, this.retryMs * 2);
  }
}
