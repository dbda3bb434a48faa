import { isFormerSchema } from '../../platform/database/migrations.js';
import { type DatabaseState, readDatabaseState } from '../../platform/database/database-state.js';
import { DataDirInUse, EmbeddedPostgres } from '../../platform/database/embedded-postgres.js';
import { MIN_SERVER_VERSION } from '../../platform/database/migrate.js';
import { redisIdentity } from '../../platform/queue/redis-identity.js';
import { type Check, type CheckContext, fault, type Finding, ok, reasonOf, warning } from './finding.js';

const MAX_SKEW_MS = 2000;
const TIMEOUT_MS = 3000;
/** Connections of a process besides its pool: for the queue, the bus and a command. */
const OTHER_CONNECTIONS = 20;

/** Checks the database; an embedded database that is not running is started for the check. */
export const checkDatabase: Check = {
  needs: ['DATABASE_URL', 'DATA_DIR'],
  run: ({ values, machine }) =>
    values.databaseUrl
      ? checkServerAt(values.databaseUrl, { values, machine }, adviceFor(values.databaseUrl))
      : checkEmbedded({ values, machine }),
};

async function checkEmbedded(context: CheckContext): Promise<Finding[]> {
  const { dataDir } = context.values;
  if (!EmbeddedPostgres.exists(dataDir)) {
    return [ok('database', `embedded, will be created in ${dataDir} at the first start`)];
  }
  const advice = `Read postgres.log in ${dataDir}, or use your own PostgreSQL with DATABASE_URL.`;
  let server: EmbeddedPostgres;
  try {
    server = await EmbeddedPostgres.start({ directory: dataDir });
  } catch (error) {
    const instead = 'Run doctor where the server is running, in a container with: docker compose exec parley …';
    return [fault('database', reasonOf(error), error instanceof DataDirInUse ? instead : advice)];
  }
  try {
    return await checkServerAt(server.url, context, advice);
  } finally {
    await server.stop();
  }
}

async function checkServerAt(url: string, { values, machine }: CheckContext, advice: string): Promise<Finding[]> {
  let state: DatabaseState;
  try {
    state = await readDatabaseState(url, { timeoutMs: TIMEOUT_MS, now: () => machine.now() });
  } catch (error) {
    return [fault('database', `it cannot be reached: ${reasonOf(error)}`, advice)];
  }
  return [
    checkServer(state, values.databasePoolSize),
    checkDurability(state),
    checkSchema(state),
    checkClock(state),
    ...checkAdmins(state),
    ...checkRedisInUse(state, values.redisUrl),
    ...(values.redisUrl ? [] : checkQueue(state)),
  ];
}

function checkServer(state: DatabaseState, poolSize: number): Finding {
  const { postgres, version, settings } = state;
  if (version < MIN_SERVER_VERSION) {
    return fault('database', `PostgreSQL ${postgres} is too old`, 'Upgrade it to PostgreSQL 15 or later.');
  }
  if (state.isStandby) {
    const says = `PostgreSQL ${postgres} is a standby: nothing can be written`;
    return fault('database', says, 'Set DATABASE_URL to the primary, or promote this server.');
  }
  if (state.isReadOnly) {
    const says = `PostgreSQL ${postgres} is read-only: nothing can be written`;
    const advice =
      'Check whether its disk is full, then: alter database … set default_transaction_read_only = off (or alter role, or alter system).';
    return fault('database', says, advice);
  }
  const wanted = poolSize + OTHER_CONNECTIONS;
  if (settings.maxConnections < wanted) {
    const says = `PostgreSQL ${postgres} accepts ${settings.maxConnections} connections, one process may need ${wanted}`;
    return warning('database', says, 'Raise max_connections, or lower DATABASE_POOL_SIZE.');
  }
  return ok('database', `PostgreSQL ${postgres}`);
}

function checkDurability({ settings }: DatabaseState): Finding {
  if (!settings.fsync) {
    const advice = 'Set fsync = on in postgresql.conf and restart PostgreSQL; the server does not start without it.';
    return fault('durability', 'fsync is off: acknowledged data may be lost', advice);
  }
  if (settings.synchronousCommit === 'off') {
    const says = 'synchronous_commit is off by default; Parley turns it on for its own transactions only';
    return warning('durability', says, 'alter system set synchronous_commit = on; select pg_reload_conf();');
  }
  if (!settings.fullPageWrites) {
    const says = 'full_page_writes is off: a power failure may leave torn pages';
    return warning('durability', says, 'alter system set full_page_writes = on; select pg_reload_conf();');
  }
  return ok('durability', `fsync on, synchronous_commit ${settings.synchronousCommit}`);
}

function checkSchema({ applied, pending, unknown }: DatabaseState): Finding {
  if (isFormerSchema(applied)) {
    const advice = 'Use an empty database, or run the version that created this one.';
    return fault('migrations', 'the schema is of a development version from before the first release', advice);
  }
  if (unknown.length > 0) {
    const advice = 'Run the version that created them, or restore an earlier backup.';
    return fault('migrations', `the schema is of a newer version: ${unknown.join(', ')}`, advice);
  }
  if (applied.length === 0) return ok('migrations', 'none yet, applied at the first start');
  if (pending.length === 0) return ok('migrations', `${applied.length} applied`);
  return fault(
    'migrations',
    `not applied: ${pending.join(', ')}`,
    'Run npm run cli -- db migrate, or restart the server.',
  );
}

function checkClock({ clockAheadMs }: DatabaseState): Finding {
  if (Math.abs(clockAheadMs) <= MAX_SKEW_MS) return ok('clock', `differs from the database's by ${clockAheadMs} ms`);
  const side = clockAheadMs > 0 ? 'behind' : 'ahead of';
  const says = `this machine's clock is ${Math.abs(clockAheadMs)} ms ${side} the database's`;
  return fault(
    'clock',
    says,
    'Synchronise both with NTP (timedatectl set-ntp true): tokens and sessions expire by the clock.',
  );
}

function checkAdmins({ isNoAdminLoggedIn }: DatabaseState): Finding[] {
  if (!isNoAdminLoggedIn) return [];
  const advice =
    'Log in with the password that the first start printed; if it is lost, create another admin with npm run cli -- admin create.';
  return [warning('admin', 'no admin has logged in yet, or recently', advice)];
}

function checkRedisInUse({ redisInUse }: DatabaseState, redisUrl: string | undefined): Finding[] {
  const here = redisIdentity(redisUrl) ?? '';
  if (redisInUse.every((url) => url === here)) return [];
  const named = redisInUse.map((url) => url || 'none').join(' and ');
  const says = `the running processes use as Redis: ${named}; REDIS_URL here is ${here || 'none'}`;
  return [
    warning('redis', says, 'Give all processes of an installation the same REDIS_URL, and restart those that differ.'),
  ];
}

function checkQueue({ applied, hasQueueSchema }: DatabaseState): Finding[] {
  if (hasQueueSchema) return [ok('queue', 'on PostgreSQL')];
  if (applied.length === 0) return [];
  const advice =
    'Create it with npm run cli -- db migrate; if it exists, grant usage on schema bullmq, and all on its tables, to this role.';
  return [fault('queue', 'the schema bullmq is missing, or this role may not use it', advice)];
}

function adviceFor(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `Check that PostgreSQL runs at ${hostname}:${port || 5432}, has the database ${pathname.slice(1)}, and allows the user of DATABASE_URL to log in.`;
}
