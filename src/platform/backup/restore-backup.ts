import { createReadStream } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { storedFilesDirOf } from '../config/directories.js';
import { migrate } from '../database/migrate.js';
import { appliedMigrations, isFormerSchema, MIGRATIONS } from '../database/migrations.js';
import {
  BackupError,
  type BackedUpTable,
  type BackupManifest,
  listedFiles,
  readManifest,
  storedPath,
  verifyBackup,
} from './backup-manifest.js';
import { copyTarget, tablesOf } from './backup-tables.js';
import { restoreFile } from './stored-files.js';

export interface RestoreTarget {
  readonly databaseUrl: string;
  readonly dataDir: string;
  readonly filesDir?: string;
  /** Names of generated secrets that the environment replaces: they are not restored. */
  readonly givenSecrets: readonly string[];
}

const BEGIN = `begin; set local synchronous_commit = on; set local statement_timeout = 0;
  set local idle_in_transaction_session_timeout = 0; set local datestyle = 'ISO'; set local client_encoding = 'UTF8'`;

/** The table whose single row identifies the installation: a migration creates it, and every cursor refers to it. */
const INSTALLATION = 'installation';

/**
 * Restores a backup into an empty database and `DATA_DIR`, completely or not: every byte is checked first, and the rows
 * are restored in one transaction. Positions keep their values. What belonged to the old database cluster is created
 * anew: transaction ids, sequences, and the salt of the epoch, so that the server replies to every older cursor with
 * `resync: epoch_changed`.
 *
 * @throws BackupError when the backup is damaged, newer than this program, or from before the first release, or the
 * database is not empty
 */
export async function restoreBackup(directory: string, target: RestoreTarget): Promise<BackupManifest> {
  const manifest = readManifest(directory);
  if (isFormerSchema(manifest.migrations)) {
    throw new BackupError(
      `The backup was made by a development version from before the first release (${manifest.program}): only that version can restore it.`,
    );
  }
  const known = new Map(MIGRATIONS.map((migration) => [migration.name, migration]));
  const unknown = manifest.migrations.filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new BackupError(`The backup was made by a newer version (${manifest.program}): ${unknown.join(', ')}.`);
  }
  await verifyBackup(directory, manifest);
  await requireEmpty(target.databaseUrl, manifest);
  await migrate(target.databaseUrl, { migrations: manifest.migrations.map((name) => known.get(name)!) });
  await restoreTables(directory, manifest, target.databaseUrl);
  await migrate(target.databaseUrl);
  if (manifest.files.kind === 'disk') {
    const stored = storedFilesDirOf(target);
    for (const { key } of listedFiles(directory, manifest))
      await restoreFile(join(directory, storedPath(key)), stored, key);
  }
  await restoreSecrets(directory, manifest, target);
  return manifest;
}

/** A database is empty if it has no tables, or only tables of the backup without rows. @throws BackupError otherwise */
async function requireEmpty(databaseUrl: string, manifest: BackupManifest): Promise<void> {
  await withConnection(databaseUrl, async (client) => {
    const used: string[] = [];
    for (const { name } of await tablesOf(client)) {
      if (name !== INSTALLATION && (await hasRows(client, name))) used.push(name);
    }
    if (used.length > 0) {
      throw new BackupError(
        `The database is not empty, a restore would mix two data sets. There are rows in ${used.join(', ')}.`,
      );
    }
    const later = (await appliedMigrations(client)).filter((name) => !manifest.migrations.includes(name));
    if (later.length > 0) {
      throw new BackupError(`The database has another schema than the backup (${later.join(', ')}): use an empty one.`);
    }
    const { rows: others } = await client.query(
      `select from pg_stat_activity where datname = current_database() and application_name in ('parley', 'parley-queue')`,
    );
    if (others.length > 0) throw new BackupError('A server uses this database: stop it first.');
  });
}

async function restoreTables(directory: string, manifest: BackupManifest, databaseUrl: string): Promise<void> {
  const pending = new Map(manifest.tables.map((table) => [table.name, table]));
  await withConnection(databaseUrl, async (client) => {
    await client.query(BEGIN);
    const tables = await tablesOf(client);
    // The database was empty before: any rows were created by the migrations, and the backup has its own versions.
    for (const { name } of tables.toReversed()) {
      if (await hasRows(client, name)) await client.query(`delete from public."${name}"`);
    }
    for (const { name } of tables) {
      const table = pending.get(name);
      if (table) await restoreTable(client, directory, table);
      pending.delete(name);
    }
    if (pending.size > 0) throw new BackupError(`This version has no tables for ${[...pending.keys()].join(', ')}.`);
    await client.query(`update ${INSTALLATION} set epoch_salt = gen_random_uuid()`);
    for (const { name, value } of manifest.sequences) {
      await client.query('select setval($1::regclass, $2::bigint)', [name, value]);
    }
    await client.query('commit');
    await client.query('analyze');
  });
}

async function hasRows(client: pg.ClientBase, table: string): Promise<boolean> {
  return (await client.query(`select from public."${table}" limit 1`)).rowCount === 1;
}

/** Triggers do not run: what they compute is in the backup. */
async function restoreTable(client: pg.Client, directory: string, table: BackedUpTable): Promise<void> {
  await client.query(`alter table public."${table.name}" disable trigger user`);
  const copy = client.query(copyFrom(`copy ${copyTarget(table)} from stdin`));
  await pipeline(createReadStream(join(directory, table.path)), createGunzip(), copy);
  if (copy.rowCount !== table.rows) {
    throw new BackupError(`${table.name} had ${table.rows} rows, but ${copy.rowCount} were restored.`);
  }
  await client.query(`alter table public."${table.name}" enable trigger user`);
}

async function restoreSecrets(directory: string, manifest: BackupManifest, target: RestoreTarget): Promise<void> {
  await mkdir(target.dataDir, { recursive: true, mode: 0o700 });
  for (const { path } of manifest.secrets) {
    if (target.givenSecrets.includes(basename(path))) continue;
    const copy = join(target.dataDir, basename(path));
    await copyFile(join(directory, path), copy);
    await chmod(copy, 0o600);
  }
}

async function withConnection<T>(databaseUrl: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'parley-restore', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end(); // rolls back an open transaction
  }
}
