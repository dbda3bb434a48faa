import { DataDirInUse } from '../../platform/database/data-dir-in-use.js';
import { type DatabaseState, readDatabaseState } from '../../platform/database/database-state.js';
import { EmbeddedPostgres } from '../../platform/database/embedded-postgres.js';
import { LEAST_VERSION } from '../../platform/database/migrate.js';
import { redisAddress } from '../../platform/queue/redis-address.js';
import { type Check, fault, type Finding, ok, type Patient, reasonOf, warning } from './finding.js';

const MOST_SKEW_MS = 2000;
const TIMEOUT_MS = 3000;
/** Connections a process takes besides its pool: the queue's, the bus's, and a command's. */
const OTHER_CONNECTIONS = 20;

/** Everything a look into the database tells; the embedded one is started for the look where it does not run. */
export const checkDatabase: Check = {
  needs: ['DATABASE_URL', 'DATA_DIR'],
  run: ({ values, surroundings }) =>
    values.databaseUrl
      ? lookInto(values.databaseUrl, { values, surroundings }, adviceFor(values.databaseUrl))
      : lookIntoEmbedded({ values, surroundings }),
};

async function lookIntoEmbedded(patient: Patient): Promise<Finding[]> {
  const { dataDir } = patient.values;
  if (!EmbeddedPostgres.exists(dataDir)) {
    return [ok('database', `embedded, made in ${dataDir} at the first start`)];
  }
  const advice = `Look into postgres.log in ${dataDir}; with DATABASE_URL a PostgreSQL of your own is used instead.`;
  let server: EmbeddedPostgres;
  try {
    server = await EmbeddedPostgres.start({ directory: dataDir });
  } catch (error) {
    const instead = 'Run doctor where the server runs, in a container with: docker compose exec parley …';
    return [fault('database', reasonOf(error), error instanceof DataDirInUse ? instead : advice)];
  }
  try {
    return await lookInto(server.url, patient, advice);
  } finally {
    await server.stop();
  }
}

async function lookInto(url: string, { values, surroundings }: Patient, advice: string): Promise<Finding[]> {
  let state: DatabaseState;
  try {
    state = await readDatabaseState(url, { timeoutMs: TIMEOUT_MS, now: () => surroundings.now() });
  } catch (error) {
    return [fault('database', `it cannot be reached: ${reasonOf(error)}`, advice)];
  }
  return [
    judgeServer(state, values.databasePoolSize),
    judgeDurability(state),
    judgeSchema(state),
    judgeClock(state),
    ...judgeAdmins(state),
    ...judgeRedis(state, values.redisUrl),
    ...(values.redisUrl ? [] : judgeQueue(state)),
  ];
}

function judgeServer(state: DatabaseState, poolSize: number): Finding {
  const { postgres, version, settings } = state;
  if (version < LEAST_VERSION) {
    return fault('database', `PostgreSQL ${postgres} is too old`, 'Upgrade it to PostgreSQL 15 or later.');
  }
  if (state.isStandby) {
    const says = `PostgreSQL ${postgres} is a standby: nothing can be written`;
    return fault('database', says, 'Let DATABASE_URL name the primary, or promote this server.');
  }
  if (state.isReadOnly) {
    const says = `PostgreSQL ${postgres} is read-only: nothing can be written`;
    const advice =
      'See whether its disk is full, then: alter database … set default_transaction_read_only = off (or alter role, or alter system).';
    return fault('database', says, advice);
  }
  const wanted = poolSize + OTHER_CONNECTIONS;
  if (settings.maxConnections < wanted) {
    const says = `PostgreSQL ${postgres} takes ${settings.maxConnections} connections, one process may want ${wanted}`;
    return warning('database', says, 'Raise max_connections, or lower DATABASE_POOL_SIZE.');
  }
  return ok('database', `PostgreSQL ${postgres}`);
}

function judgeDurability({ settings }: DatabaseState): Finding {
  if (!settings.fsync) {
    const advice = 'Set fsync = on in postgresql.conf and restart PostgreSQL; the server does not start without.';
    return fault('durability', 'fsync is off: what was acknowledged may be lost', advice);
  }
  if (settings.synchronousCommit === 'off') {
    const says = 'synchronous_commit is off by default; Parley switches it on for itself, nobody else here does';
    return warning('durability', says, 'alter system set synchronous_commit = on; select pg_reload_conf();');
  }
  if (!settings.fullPageWrites) {
    const says = 'full_page_writes is off: a power cut may leave torn pages';
    return warning('durability', says, 'alter system set full_page_writes = on; select pg_reload_conf();');
  }
  return ok('durability', `fsync on, synchronous_commit ${settings.synchronousCommit}`);
}

function judgeSchema({ applied, pending, unknown }: DatabaseState): Finding {
  if (unknown.length > 0) {
    const advice = 'Run the version that made them, or restore a backup of before.';
    return fault('migrations', `the schema is of a newer version: ${unknown.join(', ')}`, advice);
  }
  if (applied.length === 0) return ok('migrations', 'none yet, made at the first start');
  if (pending.length === 0) return ok('migrations', `${applied.length} applied`);
  return fault(
    'migrations',
    `not applied: ${pending.join(', ')}`,
    'npm run cli -- db migrate, or start the server anew.',
  );
}

function judgeClock({ clockAheadMs }: DatabaseState): Finding {
  if (Math.abs(clockAheadMs) <= MOST_SKEW_MS) return ok('clock', `${clockAheadMs} ms from the database's`);
  const side = clockAheadMs > 0 ? 'behind' : 'ahead of';
  const says = `this machine's is ${Math.abs(clockAheadMs)} ms ${side} the database's`;
  return fault(
    'clock',
    says,
    'Let both be set by NTP (timedatectl set-ntp true): tokens and sessions end by the clock.',
  );
}

function judgeAdmins({ isNoAdminLoggedIn }: DatabaseState): Finding[] {
  if (!isNoAdminLoggedIn) return [];
  const advice =
    'Log in with the password that the first start has printed; if it is lost, npm run cli -- admin create makes another admin.';
  return [warning('admin', 'no admin has logged in yet, or lately', advice)];
}

function judgeRedis({ redisInUse }: DatabaseState, redisUrl: string | undefined): Finding[] {
  const here = redisAddress(redisUrl) ?? '';
  if (redisInUse.every((address) => address === here)) return [];
  const named = redisInUse.map((address) => address || 'none').join(' and ');
  const says = `the processes that run use as their Redis: ${named}; REDIS_URL here names ${here || 'none'}`;
  return [
    warning('redis', says, 'Give all processes of an installation the same REDIS_URL, and restart those that differ.'),
  ];
}

function judgeQueue({ applied, hasQueueSchema }: DatabaseState): Finding[] {
  if (hasQueueSchema) return [ok('queue', 'on PostgreSQL')];
  if (applied.length === 0) return [];
  const advice =
    'npm run cli -- db migrate makes it; if it is there, grant usage on schema bullmq, and all on its tables, to this role.';
  return [fault('queue', 'the schema bullmq is missing, or closed to this role', advice)];
}

function adviceFor(databaseUrl: string): string {
  const { hostname, port, pathname } = new URL(databaseUrl);
  return `See that PostgreSQL runs at ${hostname}:${port || 5432}, has the database ${pathname.slice(1)}, and lets the user of DATABASE_URL in.`;
}
