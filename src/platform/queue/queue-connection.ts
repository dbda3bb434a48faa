import { WorkerHost } from '@nestjs/bullmq';
import {
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import {
  createIORedisClient,
  createPostgresBackend,
  RedisConnection,
  setDefaultBackendFactory,
  type ConnectionOptions,
  type Worker,
} from 'bullmq';
import type { RedisOptions } from 'ioredis';
import pg from 'pg';
import { Config } from '../config/config.js';
import { closePool } from '../database/close-pool.js';
import { DrainState } from '../health/drain-state.js';
import { ClosableRedis } from './closable-redis.js';
import { queueFailures } from './logged-queue.js';

/** Statements of jobs and one waiting connection a worker share this pool. */
const POOL_SIZE = 16;
/** A PostgreSQL that does not answer a statement of the queue within this is away. Jobs wait for notifications, not here. */
const ANSWER_TIMEOUT_MS = 15_000;
/** A Redis that is away is tried at least so often; at shutdown once more. */
const LONGEST_RETRY_MS = 1000;
const CONNECT_PATIENCE_MS = 2000;
/** A Redis that does not answer a PING within this at shutdown is taken for one that is away. */
const ANSWER_MS = 1000;

/**
 * What queues and workers run on: PostgreSQL over a pool of their own, so that jobs never wait for requests nor
 * requests for jobs, or Redis with `REDIS_URL`. It is closed after the workers are. On the way out a Redis that is away,
 * or takes connections and says nothing, is waited for no longer: what a job has done stays done, and what could not be
 * said of it is found out by its next turn.
 */
@Injectable()
export class QueueConnection implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly options: ConnectionOptions;
  private readonly pool: pg.Pool | undefined;
  private readonly clients = new Set<ClosableRedis>();
  private workers: Worker[] = [];
  private isClosing = false;

  constructor(
    config: Config,
    private readonly discovery: DiscoveryService,
    drain: DrainState,
  ) {
    if (config.redisUrl) {
      // Before anything is closed: what is closed first may wait for an answer of Redis.
      drain.onDrain(() => this.leaveSilentRedis());
      setDefaultBackendFactory();
      RedisConnection.clientFactory = ({ url, ...options }) => createIORedisClient(this.createClient(url, options));
      this.options = {
        url: config.redisUrl,
        maxRetriesPerRequest: null,
        connectTimeout: CONNECT_PATIENCE_MS,
        retryStrategy: (times) => (this.isClosing ? null : Math.min(times * 100, LONGEST_RETRY_MS)),
      };
      return;
    }
    this.pool = new pg.Pool({
      connectionString: config.databaseUrl,
      application_name: 'parley-queue',
      max: POOL_SIZE,
      connectionTimeoutMillis: 5000,
      query_timeout: ANSWER_TIMEOUT_MS,
      keepAlive: true, // without it a worker looks for jobs at least every 10 s
      options: '-c search_path=bullmq,public',
    });
    this.pool.setMaxListeners(0); // one of every queue and worker
    this.pool.on('error', (error) => queueFailures.failed({ err: error }));
    this.pool.on('connect', () => queueFailures.worked());
    setDefaultBackendFactory(createPostgresBackend);
    this.options = this.pool as unknown as ConnectionOptions;
  }

  onApplicationBootstrap(): void {
    const hosts = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    this.workers = hosts.filter((host) => host instanceof WorkerHost).map(({ worker }) => worker);
  }

  /** Queues are closed after this: a job that adds another one to a closed queue would wait for an answer for ever. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = this.closeWorkers();
    if (!this.pool) await this.leaveSilentRedis();
    await closed;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.pool) await closePool(this.pool);
  }

  /** The workers have to know first: one that is not closing takes the end of its connection for one more failure. */
  private async closeWorkers(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  private async leaveSilentRedis(): Promise<void> {
    if (await this.answers()) return;
    void this.closeWorkers(); // waited for before the shutdown
    for (const client of this.clients) client.disconnect();
  }

  private createClient(url: string | undefined, options: RedisOptions): ClosableRedis {
    const client = url ? new ClosableRedis(url, options) : new ClosableRedis(options);
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    client.on('ready', () => queueFailures.worked());
    return client;
  }

  /** Whether Redis says something in time, to any connection of ours that is not waiting for a job. */
  private async answers(): Promise<boolean> {
    const late = new Promise<false>((resolve) => setTimeout(resolve, ANSWER_MS, false).unref());
    const asked = [...this.clients].map((client) => client.ping().then(() => true));
    return asked.length === 0 || Promise.race([Promise.any(asked).catch(() => false), late]);
  }
}
