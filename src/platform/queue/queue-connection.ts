import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { createPostgresBackend, setDefaultBackendFactory, type ConnectionOptions } from 'bullmq';
import pg from 'pg';
import { Config } from '../config/config.js';
import { closePool } from '../database/close-pool.js';

/** Statements of jobs and one waiting connection a worker share this pool. */
const POOL_SIZE = 16;

/**
 * What queues and workers run on: PostgreSQL over a pool of their own, so that jobs never wait for requests nor requests
 * for jobs, or Redis with `REDIS_URL`. It is closed after the workers are.
 */
@Injectable()
export class QueueConnection implements OnApplicationShutdown {
  readonly options: ConnectionOptions;
  private readonly pool: pg.Pool | undefined;

  constructor(config: Config) {
    if (config.redisUrl) {
      setDefaultBackendFactory();
      this.options = { url: config.redisUrl, maxRetriesPerRequest: null };
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

  async onApplicationShutdown(): Promise<void> {
    if (this.pool) await closePool(this.pool);
  }
}
