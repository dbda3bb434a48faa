import { WorkerHost } from '@nestjs/bullmq';
import {
  Injectable,
  Logger,
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
import pg from 'pg';
import { Config } from '../config/config.js';
import { closePool } from '../database/close-pool.js';
import { ClosableRedis } from './closable-redis.js';

/** Statements of jobs and one waiting connection a worker share this pool. */
const POOL_SIZE = 16;
/** A Redis that is away is tried at least so often; at shutdown once more. */
const LONGEST_RETRY_MS = 1000;
const CONNECT_PATIENCE_MS = 2000;

/**
 * What queues and workers run on: PostgreSQL over a pool of their own, so that jobs never wait for requests nor
 * requests for jobs, or Redis with `REDIS_URL`. It is closed after the workers are. On the way out a Redis that is away
 * is waited for no longer: what a job has done stays done, and what could not be said of it is found out by its next
 * turn.
 */
@Injectable()
export class QueueConnection implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  readonly options: ConnectionOptions;
  private readonly pool: pg.Pool | undefined;
  private workers: Worker[] = [];
  private isClosing = false;

  constructor(
    config: Config,
    private readonly discovery: DiscoveryService,
  ) {
    if (config.redisUrl) {
      setDefaultBackendFactory();
      RedisConnection.clientFactory = ({ url, ...options }) =>
        createIORedisClient(url ? new ClosableRedis(url, options) : new ClosableRedis(options));
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
      keepAlive: true, // without it a worker looks for jobs at least every 10 s
      options: '-c search_path=bullmq,public',
    });
    this.pool.setMaxListeners(0); // one of every queue and worker
    const logger = new Logger('Queue');
    this.pool.on('error', (error) => logger.warn(`a connection was lost: ${error.message}`));
    setDefaultBackendFactory(createPostgresBackend);
    this.options = this.pool as unknown as ConnectionOptions;
  }

  onApplicationBootstrap(): void {
    const hosts = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    this.workers = hosts.filter((host) => host instanceof WorkerHost).map(({ worker }) => worker);
  }

  /** The workers have to know first: one that is not closing takes the end of its connection for one more failure. */
  beforeApplicationShutdown(): void {
    if (this.pool) return;
    for (const worker of this.workers) void worker.close(); // whoever made them waits for it
    this.isClosing = true;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.pool) await closePool(this.pool);
  }
}
