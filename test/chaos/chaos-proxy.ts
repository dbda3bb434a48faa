import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { Random } from './random.js';

/** What the connection between two processes suffers. All of it can be changed while connections are open. */
export interface NetworkConditions {
  /** Every chunk waits so long, and up to `jitterMs` more. */
  latencyMs?: number;
  jitterMs?: number;
  /** Share of the connections that are cut after a random number of bytes, up to `cutWithinBytes`, was returned. */
  cutShare?: number;
  cutWithinBytes?: number;
}

/** A TCP proxy on loopback that disturbs connections: it needs no privileges, so it runs wherever the tests run. */
export class ChaosProxy {
  conditions: NetworkConditions = {};
  /** Connections cut by the configured share. */
  cuts = 0;
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private readonly random: Random;
  private isHalfOpen = false;

  private constructor(
    private readonly server: Server,
    private readonly target: () => number,
    seed: number,
  ) {
    this.random = new Random(seed);
    server.on('connection', (client) => this.join(client));
  }

  /** `target` is called for the port of each connection, because processes restart on other ports. */
  static async start(target: () => number, seed = 1): Promise<ChaosProxy> {
    const server = createServer();
    const proxy = new ChaosProxy(server, target, seed);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Ends every connection with a reset. */
  dropConnections(): void {
    for (const pair of this.pairs) this.cut(pair);
  }

  /** Connections stay open and nothing passes any more, as after a cable is pulled. */
  halfOpen(isHalfOpen: boolean): void {
    this.isHalfOpen = isHalfOpen;
  }

  async stop(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket): void {
    const upstream = connect(this.target(), '127.0.0.1');
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    const { cutShare = 0, cutWithinBytes = 4096 } = this.conditions;
    let bytesLeft = this.random.chance(cutShare) ? this.random.between(0, cutWithinBytes) : Infinity;
    this.carry(client, upstream, (data) => data);
    this.carry(upstream, client, (data) => {
      if (data.length < bytesLeft) {
        bytesLeft -= data.length;
        return data;
      }
      this.cuts++;
      client.end(data.subarray(0, bytesLeft));
      this.cut(pair);
      return undefined;
    });
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.on('error', () => this.cut(pair));
      socket.on('close', () => this.cut(pair));
    }
  }

  /** Preserves the order with jitter, too: each chunk leaves no earlier than the one before. */
  private carry(from: Socket, to: Socket, transform: (data: Buffer) => Buffer | undefined): void {
    let freeAt = 0;
    from.on('data', (data) => {
      if (this.isHalfOpen) return;
      const passed = transform(data);
      if (!passed) return;
      const { latencyMs = 0, jitterMs = 0 } = this.conditions;
      if (latencyMs + jitterMs === 0 && freeAt === 0) return void to.write(passed);
      freeAt = Math.max(freeAt, performance.now() + latencyMs + this.random.next() * jitterMs);
      setTimeout(() => !to.destroyed && to.write(passed), freeAt - performance.now());
    });
  }

  private cut(pair: readonly [Socket, Socket]): void {
    if (!this.pairs.delete(pair)) return;
    for (const socket of pair) socket.destroy();
  }
}
