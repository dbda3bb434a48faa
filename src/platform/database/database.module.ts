import { Global, Logger, Module, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Config } from '../config/config.js';
import { closePool } from './close-pool.js';
import { whenReady } from './connect-when-ready.js';
import { MIGRATIONS } from './migrations.js';
import { PoolWatch } from './pool-watch.js';
import { Sql } from './sql.js';
import { StatementTimes } from './statement-times.js';

const INT8_OID = 20;

/** bigint as a number: positions and counts stay far below 2^53. Everything else as `pg` has it. */
const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): unknown =>
    oid === INT8_OID && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format as 'text'),
};

function dataSource(config: Config): DataSource {
  const logger = new Logger('Database');
  return new DataSource({
    type: 'postgres',
    url: config.databaseUrl,
    applicationName: 'parley',
    poolSize: config.databasePoolSize,
    connectTimeoutMS: 2000,
    migrations: [...MIGRATIONS],
    migrationsTableName: 'schema_migrations',
    installExtensions: false,
    poolErrorHandler: (error: Error) => logger.warn(`a connection was lost: ${error.message}`),
    extra: {
      types,
      keepAlive: true,
      statement_timeout: 5000,
      idle_in_transaction_session_timeout: 10_000,
      // An acknowledged message must survive a crash of the server, whatever its default says.
      options: '-c synchronous_commit=on',
    },
  });
}

function poolOf(source: DataSource): pg.Pool {
  return (source.driver as PostgresDriver).master as pg.Pool;
}

/** PostgreSQL for everybody: one `DataSource`, whose pool is the application's only one, and `Sql` over that pool. */
@Global()
@Module({
  providers: [
    {
      provide: DataSource,
      inject: [Config],
      useFactory: (config: Config) => whenReady(() => dataSource(config).initialize()),
    },
    StatementTimes,
    {
      provide: Sql,
      inject: [DataSource, StatementTimes],
      useFactory: (source: DataSource, times: StatementTimes) => new Sql(poolOf(source), times),
    },
    {
      provide: PoolWatch,
      inject: [DataSource],
      useFactory: (source: DataSource) => new PoolWatch(poolOf(source)),
    },
  ],
  exports: [DataSource, PoolWatch, Sql, StatementTimes],
})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(private readonly source: DataSource) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.source.isInitialized) await closePool(poolOf(this.source), () => this.source.destroy());
  }
}
