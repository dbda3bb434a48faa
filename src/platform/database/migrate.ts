import { runMigrations as runQueueMigrations } from 'bullmq';
import type pg from 'pg';
import type { MigrationInterface } from 'typeorm';
import { connectWhenReady } from './connect-when-ready.js';
import { StartProblem } from '../process/start-problem.js';
import { MIGRATIONS } from './migrations.js';

/** Any number; all processes that migrate this database take the same one. */
const MIGRATION_LOCK = 7_265_539;
/** How long a step may wait for a table others use: past it the step fails and the old version goes on serving. */
const LOCK_TIMEOUT_MS = 1000;

/** As `server_version_num` has it. */
export const LEAST_VERSION = 150_000;

export interface MigrationOptions {
  readonly migrations?: readonly (new () => MigrationInterface)[];
}

/**
 * Brings the schema to this version: our steps, each in its own transaction, then the queue's. Processes that start
 * together wait for each other, the second finds nothing to do. Answers the names of the steps that ran.
 * @throws StartProblem when the server is too old, does not answer, or runs with fsync off
 */
export async function migrate(url: string, { migrations = MIGRATIONS }: MigrationOptions = {}): Promise<string[]> {
  const client = await connectWhenReady({ connectionString: url, application_name: 'parley-migrate' });
  try {
    await requireServer(client, new URL(url).host);
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const ran = (await isCurrent(client, migrations)) ? [] : await runOurs(url, migrations);
    await runQueueMigrations(client, 'bullmq');
    return ran;
  } finally {
    await client.end(); // releases the lock
  }
}

/** Asked first: TypeORM takes a third of a second to load, and most starts have nothing to migrate. */
async function isCurrent(client: pg.Client, migrations: readonly (new () => MigrationInterface)[]): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    `select to_regclass('schema_migrations') is not null as there`,
  );
  if (!rows[0]?.there) return false;
  const applied = await client.query<{ name: string }>('select name from schema_migrations');
  const names = new Set(applied.rows.map(({ name }) => name));
  return migrations.every(({ name }) => names.has(name));
}

async function runOurs(url: string, migrations: readonly (new () => MigrationInterface)[]): Promise<string[]> {
  const { DataSource } = await import('typeorm');
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 2,
    migrations: [...migrations],
    migrationsTableName: 'schema_migrations',
    extra: { lock_timeout: LOCK_TIMEOUT_MS, application_name: 'parley-migrate' },
  });
  await source.initialize();
  try {
    return (await source.runMigrations({ transaction: 'each' })).map(({ name }) => name);
  } finally {
    await source.destroy();
  }
}

/** @throws StartProblem when the server is too old, or runs with fsync off: what was acknowledged could be lost */
async function requireServer(client: pg.Client, host: string): Promise<void> {
  const { rows } = await client.query<{ version: string; number: string; fsync: string }>(
    `select current_setting('server_version') as version, current_setting('server_version_num') as number,
            current_setting('fsync') as fsync`,
  );
  const { version = '', number = '0', fsync = '' } = rows[0] ?? {};
  if (Number(number) < LEAST_VERSION) {
    throw new StartProblem(`PostgreSQL ${version} at ${host} is too old. Use PostgreSQL 15 or later.`);
  }
  if (fsync !== 'on') {
    throw new StartProblem(
      `PostgreSQL at ${host} runs with fsync=off: an acknowledged message could be lost. Switch fsync on.`,
    );
  }
}
