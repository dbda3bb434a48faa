import { Global, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Config } from '../config/config.js';
import { whenReady } from './connect-when-ready.js';
import { closePool, openPool } from './pg-pool.js';
import { PoolMonitor } from './pool-monitor.js';
import { Sql } from './sql.js';
import { StatementStats } from './statement-stats.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

const INT8_OID = 20;
/**
 * A server that hangs, or whose machine is gone, neither responds nor closes its connections, and does not enforce its
 * own timeouts. This one is longer than `statement_timeout`, so that a working server ends a statement itself.
 */
const RESPONSE_TIMEOUT_MS = 8000;

/** Parses bigint as a number: positions and counts are far below 2^53. Other types are parsed as by `pg`. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === INT8_OID && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

function createPool(config: Config): pg.Pool {
  const failures = new RepeatedWarning(new Logger('Database'), 'connections to PostgreSQL are lost', {
    recovered: 'PostgreSQL accepts connections again',
  });
  return openPool(
    {
      connectionString: config.databaseUrl,
      application_name: 'parley',
      max: config.databasePoolSize,
      connectionTimeoutMillis: 2000,
      types: types as pg.CustomTypesConfig,
      keepAlive: true,
      statement_timeout: 5000,
      query_timeout: RESPONSE_TIMEOUT_MS,
      idle_in_transaction_session_timeout: 10_000,
      // An acknowledged message must survive a crash of the server, whatever its default is.
      options: '-c synchronous_commit=on',
    },
    failures,
  );
}

/** Creates a pool once its server accepts connections. */
async function connectedPool(config: Config): Promise<pg.Pool> {
  const pool = createPool(config);
  (await whenReady(() => pool.connect(), new URL(config.databaseUrl ?? '').host)).release();
  return pool;
}

/** PostgreSQL for the whole application: its only pool, and `Sql` on that pool. TypeORM only runs the migrations. */
@Global()
@Module({
  providers: [
    { provide: pg.Pool, inject: [Config], useFactory: connectedPool },
    StatementStats,
    {
      provide: Sql,
      inject: [pg.Pool, StatementStats],
      useFactory: (pool: pg.Pool, statements: StatementStats) => new Sql(pool, statements),
    },
    {
      provide: PoolMonitor,
      inject: [pg.Pool, StatementStats],
      useFactory: (pool: pg.Pool, statements: StatementStats) => new PoolMonitor(pool, statements),
    },
  ],
  exports: [pg.Pool, PoolMonitor, Sql, StatementStats],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly pool: pg.Pool) {}

  async onApplicationShutdown(): Promise<void> {
    if (!this.pool.ended) await closePool(this.pool);
  }
}
