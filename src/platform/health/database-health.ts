import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ReadOnlyDatabase } from '../database/database-errors.js';
import { PoolMonitor } from '../database/pool-monitor.js';
import { Sql, statement } from '../database/sql.js';
import { Health } from './health.js';

const TAKES_WRITES = statement<{ is_read_only: boolean }>(
  'health.takes_writes',
  `select pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as is_read_only`,
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
    if (!row!.is_read_only) return this.pool.foundWritable();
    this.pool.foundReadOnly();
    throw new ReadOnlyDatabase();
  }
}
