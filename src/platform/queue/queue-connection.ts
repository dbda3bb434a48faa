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
import type pg from 'pg';
import { Config } from '../config/config.js';
import { closePool, openPool } from '../database/pg-pool.js';
import { DrainCoordinator } from '../health/drain-coordinator.js';
import { ClosableRedis } from './closable-redis.js';
import { queueFailures } from './logged-queue.js';

/** This pool is shared by the statements of jobs and one waiting connection for each worker. */
const POOL_SIZE = 16;
/**
 * A PostgreSQL that does not respond to a statement of the queue within this time is unavailable. Waiting for jobs uses
 * notifications, not this timeout.
 */
const RESPONSE_TIMEOUT_MS = 15_000;
/** Longest interval between connection attempts while Redis is unavailable; at shutdown there is one more attempt. */
const MAX_RETRY_INTERVAL_MS = 1000;
const CONNECT_TIMEOUT_MS = 2000;
/** At shutdown, a Redis that does not respond to a PING within this time is considered unavailable. */
const PING_TIMEOUT_MS = 1000;

/**
 * The store of queues and workers: Redis with `REDIS_URL`, otherwise PostgreSQL over a separate pool, so that jobs and
 * requests never wait for each other. It is closed after the workers. A shutdown does not wait for a Redis that is
 * unavailable or does not respond: the effects of a job remain, and a result that could not be reported is found when
 * the job runs again.
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
    drain: DrainCoordinator,
  ) {
    if (config.redisUrl) {
      // Before anything is closed, because the first component to close may wait for a response of Redis.
      drain.onDrain(() => this.abandonSilentRedis());
      setDefaultBackendFactory();
      RedisConnection.clientFactory = ({ url, ...options }) => createIORedisClient(this.createClient(url, options));
      this.options = {
        url: config.redisUrl,
        maxRetriesPerRequest: null,
        connectTimeout: CONNECT_TIMEOUT_MS,
        retryStrategy: (times) => (this.isClosing ? null : Math.min(times * 100, MAX_RETRY_INTERVAL_MS)),
      };
      return;
    }
    this.pool = openPool(
      {
        connectionString: config.databaseUrl,
        application_name: 'parley-queue',
        max: POOL_SIZE,
        connectionTimeoutMillis: 5000,
        query_timeout: RESPONSE_TIMEOUT_MS,
        keepAlive: true, // without it BullMQ also polls every 10 s, in case a notification is lost
        options: '-c search_path=bullmq,public',
      },
      queueFailures,
    );
    this.pool.setMaxListeners(0); // one for each queue and worker
    setDefaultBackendFactory(createPostgresBackend);
    this.options = this.pool as unknown as ConnectionOptions;
  }

  onApplicationBootstrap(): void {
    const hosts = this.discovery.getProviders().map(({ instance }) => instance as unknown);
    this.workers = hosts.filter((host) => host instanceof WorkerHost).map(({ worker }) => worker);
  }

  /** Before the queues are closed: a job that adds another one to a closed queue would wait forever. */
  async beforeApplicationShutdown(): Promise<void> {
    const closed = this.closeWorkers();
    if (!this.pool) await this.abandonSilentRedis();
    await closed;
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.pool) await closePool(this.pool);
  }

  /** Before the connections are closed: a worker that is not closing treats the end of its connection as a failure. */
  private async closeWorkers(): Promise<void> {
    this.isClosing = true;
    await Promise.all(this.workers.map((worker) => worker.close()));
  }

  private async abandonSilentRedis(): Promise<void> {
    if (await this.isResponding()) return;
    void this.closeWorkers(); // `beforeApplicationShutdown` awaits it
    for (const client of this.clients) client.abandon();
  }

  private createClient(url: string | undefined, options: RedisOptions): ClosableRedis {
    const client = url ? new ClosableRedis(url, options) : new ClosableRedis(options);
    this.clients.add(client);
    client.once('end', () => this.clients.delete(client));
    client.on('ready', () => queueFailures.worked());
    return client;
  }

  /** Whether Redis responds in time on any connection that is not waiting for a job. */
  private async isResponding(): Promise<boolean> {
    const timeout = new Promise<false>((resolve) => setTimeout(resolve, PING_TIMEOUT_MS, false).unref());
    const pings = [...this.clients].map((client) => client.ping().then(() => true));
    return pings.length === 0 || Promise.race([Promise.any(pings).catch(() => false), timeout]);
  }
}
