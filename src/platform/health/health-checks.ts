import type { Server } from 'node:http';
import { Injectable, type OnModuleInit, type OnModuleDestroy } from '@nestjs/common';
import { Redis } from 'ioredis';
import { HttpAdapterHost } from '@nestjs/core';
import { ReadOnlyDatabase } from '../database/database-errors.js';
import { PoolMonitor } from '../database/pool-monitor.js';
import { Sql, statement } from '../database/sql.js';
import { Health } from './health.js';
import { Config } from '../config/config.js';

const TAKES_WRITES = statement<{ takes_writes: boolean }>(
  'health.takes_writes',
  `select not (pg_is_in_recovery() or current_setting('transaction_read_only')::boolean) as takes_writes`,
);

/** Checks whether PostgreSQL responds and accepts writes. */
@Injectable()
export class DatabaseHealth implements OnModuleInit {
  constructor(
    private readonly sql: Sql,
    private readonly pool: PoolMonitor,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    this.health.register('database', () => this.check());
  }

  private async check(): Promise<void> {
    const row = await this.sql.one(TAKES_WRITES);
    if (row!.takes_writes) return this.pool.foundWritable();
    this.pool.foundReadOnly();
    throw new ReadOnlyDatabase();
  }
}

/** Checks Redis if it is configured. A node works without it, so it is not required. */
@Injectable()
export class RedisHealth implements OnModuleInit, OnModuleDestroy {
  private redis: Redis | undefined;

  constructor(
    private readonly config: Config,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    const { redisUrl } = this.config;
    if (!redisUrl) return;
    const redis = new Redis(redisUrl, { lazyConnect: true, maxRetriesPerRequest: 1, commandTimeout: 1000 });
    redis.on('error', () => undefined); // the check reports failures
    this.redis = redis;
    this.health.register('redis', () => redis.ping(), { isRequired: false });
  }

  onModuleDestroy(): void {
    this.redis?.disconnect();
  }
}

/** Sockets need only the HTTP server that they open on. */
@Injectable()
export class SocketHealth implements OnModuleInit {
  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly health: Health,
  ) {}

  onModuleInit(): void {
    this.health.register('websocket', () => {
      const server = this.adapter.httpAdapter.getHttpServer() as Server;
      if (!server.listening) throw new Error('the server does not listen');
    });
  }
}
