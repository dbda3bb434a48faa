import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.js';
import { createTestDatabase } from '../support/test-database.js';
import type { Faults } from './faults.js';
import { NodeProcess } from './node-process.js';

export interface ClusterNeeds {
  readonly nodes: number;
  /** For every node, or for one after the other. */
  readonly faults?: Faults | readonly (Faults | undefined)[];
  /** A PostgreSQL of its own that may be killed, with these settings, instead of a database in the shared one. */
  readonly ownServer?: { readonly settings: readonly string[] };
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

/** Several nodes over one database, and a way around them to that database. */
export class Cluster {
  readonly pool: pg.Pool;

  private constructor(
    readonly nodes: readonly NodeProcess[],
    private readonly database: Database,
    private readonly directory: string,
    private readonly server: KillableServer | undefined,
  ) {
    this.pool = new pg.Pool({ connectionString: database.url, max: 8, types });
    this.pool.on('error', () => undefined);
  }

  static async start({ nodes: count, faults, ownServer }: ClusterNeeds): Promise<Cluster> {
    const directory = mkdtempSync(join(tmpdir(), `parley-torture-${process.pid}-`));
    const server = ownServer && (await KillableServer.start(join(directory, 'server'), ownServer.settings));
    const database = server ? { url: server.url, drop: () => server.stop() } : await createTestDatabase();
    const environment = environmentOf(directory, database.url);
    const nodes = Array.from({ length: count }, (_, index) => {
      return new NodeProcess(environment, Array.isArray(faults) ? (faults as Faults[])[index] : (faults as Faults));
    });
    const cluster = new Cluster(nodes, database, directory, server);
    try {
      // The first brings the schema of an empty server up to date; together they would only wait for each other.
      if (server) await nodes[0]!.start();
      await Promise.all(nodes.filter((node) => !node.isUp).map((node) => node.start()));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The address of a node, wherever it is by now; another one's while it is down. */
  address(index: number): string {
    const wanted = this.nodes[index % this.nodes.length]!;
    return (wanted.isUp ? wanted : (this.nodes.find((node) => node.isUp) ?? wanted)).address;
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]> {
    return (await this.pool.query<Row>(text, values)).rows;
  }

  /** Ends the database server as a crash would, and starts it again. */
  async crashDatabase(): Promise<void> {
    await this.server!.crash();
  }

  /** Waits for a database that is being started again. */
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
    await this.pool.end();
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

  static async start(directory: string, settings: readonly string[]): Promise<KillableServer> {
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

  /** Nothing of it is needed again, so it need not write a checkpoint first. */
  async stop(): Promise<void> {
    this.server.kill();
    while (this.server.isRunning()) await sleep(5);
    rmSync(this.server.dataDirectory, { recursive: true, force: true });
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
