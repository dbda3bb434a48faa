import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { migrate } from '../../src/platform/database/migrate.js';
import { createTestDatabase } from '../support/test-database.js';
import type { Faults } from './faults.js';
import { NodeProcess } from './node-process.js';
import { Haproxy } from '../support/haproxy.js';
import { freePort } from '../support/free-port.js';
import { RedisServer } from '../support/redis-server.js';
import { Rest } from './rest.js';

const NODES = 2;

/** What a round needs in addition to two nodes on the shared server. */
export interface ClusterNeeds {
  /** Settings of an own PostgreSQL that may be killed. */
  readonly ownServer?: readonly string[];
  /** Settings of the nodes, in addition to the usual ones. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly withRedis?: boolean;
  /** The nodes have one URL, that of HAProxy as shipped. */
  readonly behindHaproxy?: boolean;
}

interface Database {
  readonly url: string;
  drop(): Promise<void>;
}

/** Numbers as numbers; positions stay far below 2^53. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === 20 && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

/** Several nodes over one database, and a direct connection to that database. */
export class Cluster {
  readonly pool: pg.Pool;

  private constructor(
    readonly nodes: readonly NodeProcess[],
    private readonly database: Database,
    private readonly directory: string,
    private readonly killable: { server: KillableServer | undefined; redis: RedisServer | undefined },
    private readonly balancer: Haproxy | undefined,
  ) {
    this.pool = new pg.Pool({ connectionString: database.url, max: 8, types });
    this.pool.on('error', () => undefined);
  }

  /**
   * Uses its own database on the shared server or, with `ownServer`, its own PostgreSQL that may be killed. In the
   * latter case the nodes are the program itself, otherwise the program with switches: see `setFaults`.
   */
  static async start({ ownServer, settings, withRedis, behindHaproxy }: ClusterNeeds = {}): Promise<Cluster> {
    const directory = mkdtempSync(join(tmpdir(), `parley-chaos-${process.pid}-`));
    const server = ownServer && (await KillableServer.start(ownServer));
    const database = server ? { url: server.url, drop: () => server.stop() } : await createTestDatabase();
    const redis = withRedis ? await RedisServer.start() : undefined;
    const environment = {
      ...environmentOf(directory, database.url),
      ...settings,
      ...(redis && { REDIS_URL: redis.url }),
    };
    const entry = server ? 'src/main' : 'test/chaos/alterable-node';
    // Behind a balancer a node has the same port after each start.
    const ports = behindHaproxy ? await Promise.all([freePort(), freePort()]) : undefined;
    const nodes = Array.from(
      { length: NODES },
      (_, index) => new NodeProcess(entry, { ...environment, PORT: String(ports?.[index] ?? 0) }),
    );
    const balancer = ports && (await Haproxy.start(ports));
    const cluster = new Cluster(nodes, database, directory, { server, redis }, balancer);
    try {
      // The nodes would do it themselves, one waiting for the other.
      if (server) await migrate(server.url);
      await Promise.all(nodes.map((node) => node.start()));
      await balancer?.untilItServes();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The current URL of a node, or that of another one while it is down. That of the balancer, if there is one. */
  address(index: number): string {
    if (this.balancer) return this.balancer.address;
    const wanted = this.nodes[index % this.nodes.length]!;
    return (wanted.isUp ? wanted : (this.nodes.find((node) => node.isUp) ?? wanted)).address;
  }

  /** Enables these faults on every node, and disables all others. */
  async setFaults(faults: Faults): Promise<void> {
    for (const node of this.nodes) {
      const rest = new Rest(() => node.address);
      await rest.post(`/chaos/faults?are=${encodeURIComponent(JSON.stringify(faults))}`);
      rest.close();
    }
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** Kills the database server as in a crash, and starts it again. */
  async crashDatabase(): Promise<void> {
    await this.killable.server!.crash();
  }

  /** Kills Redis as in a crash, with all its data, and starts it again, empty. */
  async crashRedis(): Promise<void> {
    await this.killable.redis!.halt();
    await this.killable.redis!.resume();
  }

  /** Waits for a database that is starting. */
  async untilDatabaseAnswers(): Promise<void> {
    for (;;) {
      try {
        await this.query('select 1');
        return;
      } catch {
        await sleep(50);
      }
    }
  }

  endOfLogs(): string {
    return this.nodes.map((node, index) => `\nnode ${index}: ${node.log.slice(-3000)}`).join('');
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await this.balancer?.stop();
    await this.pool.end();
    await this.killable.redis?.halt();
    await this.database.drop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

class KillableServer {
  private constructor(
    private server: EmbeddedPostgres,
    private readonly directory: string,
    private readonly settings: readonly string[],
  ) {}

  static async start(settings: readonly string[]): Promise<KillableServer> {
    // By this name the next run finds and stops the server of a killed run.
    const directory = mkdtempSync(join(tmpdir(), `parley-test-${process.pid}-`));
    return new KillableServer(await EmbeddedPostgres.start({ directory, settings }), directory, settings);
  }

  get url(): string {
    return this.server.url;
  }

  async crash(): Promise<void> {
    this.server.kill();
    while (this.server.isRunning()) await sleep(5);
    const { directory, settings } = this;
    this.server = await EmbeddedPostgres.start({ directory, settings });
  }

  /** Its data is not needed again, so it need not write a checkpoint first. */
  async stop(): Promise<void> {
    this.server.kill();
    while (this.server.isRunning()) await sleep(5);
    rmSync(this.server.dataDirectory, { recursive: true, force: true });
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export const ADMIN = { email: 'admin@example.com', password: 'correct horse battery staple' };

function environmentOf(directory: string, databaseUrl: string): Record<string, string> {
  return {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: directory,
    DATABASE_URL: databaseUrl,
    DATABASE_POOL_SIZE: '8',
    JWT_SECRET: randomBytes(48).toString('base64'),
    PASSWORD_PEPPER: randomBytes(48).toString('base64'),
    BCRYPT_COST: '4',
    RATE_LIMIT_MULTIPLIER: '100000',
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'warn',
  };
}
