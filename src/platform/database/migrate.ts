import { setTimeout as sleep } from 'node:timers/promises';
import { runMigrations as runQueueMigrations } from 'bullmq';
import type pg from 'pg';
import type { MigrationInterface } from 'typeorm';
import { StartProblem } from '../process/explain-start.js';
import { connectWhenReady } from './connect-when-ready.js';
import { appliedMigrations, isFormerSchema, MIGRATIONS_TABLE, MIGRATIONS } from './migrations.js';
import { installFunctions, SQL_FUNCTIONS } from './sql-functions.js';

/** An arbitrary number, the same for all processes that migrate this database. */
const MIGRATION_LOCK = 7_265_539;
/**
 * How long a migration may wait for the lock of a table. After that it fails, and the old version continues to serve.
 */
const LOCK_TIMEOUT_MS = 1000;
const LOCK_POLL_MS = 200;

/** The oldest supported `server_version_num`. */
export const MIN_SERVER_VERSION = 150_000;

export interface MigrationOptions {
  /** By default all, after which the SQL functions are installed: a part of the migrations is a schema without them. */
  readonly migrations?: readonly (new () => MigrationInterface)[];
}

/**
 * Migrates the schema to this version: our migrations, each in its own transaction, then the SQL functions, then the
 * migrations of the queue. Processes that start together wait for each other; the second finds nothing to do. Returns
 * the names of the migrations that ran and the paths of the functions that were installed.
 *
 * @throws StartProblem when the server is too old, does not respond, or runs with fsync off, or when the database was
 * created by a development version from before the first release
 */
export async function migrate(url: string, { migrations = MIGRATIONS }: MigrationOptions = {}): Promise<string[]> {
  const client = await connectWhenReady({ connectionString: url, application_name: 'parley-migrate' });
  try {
    await requireServer(client, new URL(url).host);
    await lockMigrations(client);
    const applied = await appliedMigrations(client);
    if (isFormerSchema(applied)) throw formerSchema(url);
    // Checked before TypeORM is loaded: that takes a third of a second, and most starts have nothing to migrate.
    const isCurrent = migrations.every(({ name }) => applied.includes(name));
    const ran = isCurrent ? [] : await runOwnMigrations(url, migrations);
    const installed = migrations === MIGRATIONS ? await installFunctions(client, SQL_FUNCTIONS) : [];
    await runQueueMigrations(client, 'bullmq');
    return [...ran, ...installed];
  } finally {
    await client.end(); // releases the lock
  }
}

/**
 * Waits for the lock by asking again and again. A statement that waits for it would have a snapshot meanwhile, for
 * which an index that the other process creates concurrently has to wait in turn.
 */
async function lockMigrations(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ is_locked: boolean }>('select pg_try_advisory_lock($1) as is_locked', [
      MIGRATION_LOCK,
    ]);
    if (rows[0]!.is_locked) return;
    await sleep(LOCK_POLL_MS);
  }
}

async function runOwnMigrations(url: string, migrations: readonly (new () => MigrationInterface)[]): Promise<string[]> {
  const { DataSource } = await import('typeorm');
  const source = new DataSource({
    type: 'postgres',
    url,
    poolSize: 2,
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    extra: { lock_timeout: LOCK_TIMEOUT_MS, application_name: 'parley-migrate' },
  });
  await source.initialize();
  try {
    return (await source.runMigrations({ transaction: 'each' })).map(({ name }) => name);
  } finally {
    await source.destroy();
  }
}

/** @throws StartProblem when the server is too old, or runs with fsync off: acknowledged messages could be lost */
async function requireServer(client: pg.Client, host: string): Promise<void> {
  const { rows } = await client.query<{ version: string; number: string; fsync: string }>(
    `select current_setting('server_version') as version, current_setting('server_version_num') as number,
            current_setting('fsync') as fsync`,
  );
  const { version = '', number = '0', fsync = '' } = rows[0] ?? {};
  if (Number(number) < MIN_SERVER_VERSION) {
    throw new StartProblem(`PostgreSQL ${version} at ${host} is too old. Use PostgreSQL 15 or later.`);
  }
  if (fsync !== 'on') {
    throw new StartProblem(
      `PostgreSQL at ${host} runs with fsync=off: an acknowledged message could be lost. Turn fsync on.`,
    );
  }
}

function formerSchema(url: string): StartProblem {
  const { host, pathname } = new URL(url);
  return new StartProblem(
    `The database ${decodeURIComponent(pathname.slice(1))} at ${host} was created by a development version of Parley from before the first release. This version cannot upgrade it: use an empty database, or run the version that created it.`,
  );
}
