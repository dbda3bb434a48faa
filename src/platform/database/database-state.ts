import pg from 'pg';
import { appliedMigrations, MIGRATIONS } from './migrations.js';

/** The state of a database, read without changing it. */
export interface DatabaseState {
  readonly postgres: string;
  /** `server_version_num`: 150000 is 15.0. */
  readonly version: number;
  readonly bytes: number;
  /** A standby is always read-only. */
  readonly isStandby: boolean;
  readonly isReadOnly: boolean;
  readonly settings: {
    readonly fsync: boolean;
    readonly synchronousCommit: string;
    readonly fullPageWrites: boolean;
    readonly maxConnections: number;
  };
  /** Migrations: applied, not yet applied, and applied but unknown to this version. */
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  readonly unknown: readonly string[];
  readonly hasQueueSchema: boolean;
  /** There is at least one admin, and no admin has a session or a known device. */
  readonly isNoAdminLoggedIn: boolean;
  /** The Redis of each process that reported recently, empty text for none; an empty list on a standby. */
  readonly redisInUse: readonly string[];
  /** How far the server's clock is ahead of this machine's, without the network delay. */
  readonly clockAheadMs: number;
}

interface StateRow {
  postgres: string;
  version: string;
  bytes: string;
  is_standby: boolean;
  is_read_only: boolean;
  fsync: string;
  synchronous_commit: string;
  full_page_writes: string;
  max_connections: string;
  has_queue: boolean;
  has_nodes: boolean;
}

const STATE = `
  select current_setting('server_version') as postgres, current_setting('server_version_num') as version,
         pg_database_size(current_database())::text as bytes, pg_is_in_recovery() as is_standby,
         pg_is_in_recovery() or current_setting('transaction_read_only')::boolean as is_read_only,
         current_setting('fsync') as fsync,
         current_setting('synchronous_commit') as synchronous_commit,
         current_setting('full_page_writes') as full_page_writes, current_setting('max_connections') as max_connections,
         exists (select from pg_namespace n where n.nspname = 'bullmq' and has_schema_privilege(n.oid, 'usage'))
           and to_regclass('bullmq.migration') is not null as has_queue,
         to_regclass('public.nodes') is not null as has_nodes`;

const NO_ADMIN_LOGGED_IN = `
  select count(*) > 0 and not bool_or(exists (select from sessions s where s.user_id = u.id)
                                   or exists (select from known_devices d where d.user_id = u.id)) as is_so
    from users u where u.role = 'admin' and u.deleted_at is null`;

const REDIS_IN_USE = `
  select distinct coalesce(figures->>'redis', '') as redis from nodes
   where figures ? 'redis' and seen_at > now() - interval '30 seconds' order by 1`;

export interface ReadOptions {
  readonly timeoutMs?: number;
  /** The clock of this machine. */
  now?(): number;
}

/** @throws the driver's error when the server cannot be reached or rejects the login */
export async function readDatabaseState(
  url: string,
  { timeoutMs = 5000, now = Date.now }: ReadOptions = {},
): Promise<DatabaseState> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'parley-look',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const row = (await client.query<StateRow>(STATE)).rows[0]!;
    const applied = await appliedMigrations(client);
    const ours = MIGRATIONS.map(({ name }) => name);
    return {
      postgres: row.postgres,
      version: Number(row.version),
      bytes: Number(row.bytes),
      isStandby: row.is_standby,
      isReadOnly: row.is_read_only,
      settings: {
        fsync: row.fsync === 'on',
        synchronousCommit: row.synchronous_commit,
        fullPageWrites: row.full_page_writes === 'on',
        maxConnections: Number(row.max_connections),
      },
      applied,
      pending: ours.filter((name) => !applied.includes(name)),
      unknown: applied.filter((name) => !ours.includes(name)),
      hasQueueSchema: row.has_queue,
      isNoAdminLoggedIn: applied.length > 0 && (await isNoAdminLoggedIn(client)),
      redisInUse: row.has_nodes && !row.is_standby ? await redisInUse(client) : [],
      clockAheadMs: await clockAhead(client, now),
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function isNoAdminLoggedIn(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ is_so: boolean | null }>(NO_ADMIN_LOGGED_IN);
  return rows[0]?.is_so === true;
}

async function redisInUse(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ redis: string }>(REDIS_IN_USE);
  return rows.map(({ redis }) => redis);
}

async function clockAhead(client: pg.Client, now: () => number): Promise<number> {
  const sentAt = now();
  const { rows } = await client.query<{ at: string }>(`select extract(epoch from clock_timestamp()) * 1000 as at`);
  return Math.round(Number(rows[0]!.at) - (sentAt + now()) / 2);
}
