import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { appliedMigrations } from '../database/migrations.js';
import {
  BACKUP_FORMAT,
  type BackedUpFile,
  type BackedUpTable,
  BackupError,
  type BackupManifest,
  checksum,
  manifestPath,
} from './backup-manifest.js';
import { copyTarget, type OwnTable, sequencesOf, tablesOf } from './backup-tables.js';
import { copyStoredFiles, listCopiedFiles, type StoredFilesLocation } from './stored-files.js';

const NEWLINE = 0x0a;
/**
 * The format of the rows must not depend on the settings of a server or a role. The settings are local to this
 * transaction, since the connection may be shared through a pooler. `set` takes no snapshot: the first query does.
 */
const BEGIN = `begin isolation level repeatable read read only;
  set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0; set local datestyle = 'ISO';
  set local intervalstyle = 'postgres'; set local bytea_output = 'hex'; set local extra_float_digits = 3;
  set local client_encoding = 'UTF8'`;

export interface BackupSource {
  readonly databaseUrl: string;
  readonly files: StoredFilesLocation;
  /** The files of the secrets generated for this installation: without them no user could log in after a restore. */
  readonly secretPaths: readonly string[];
  readonly programVersion: string;
}

/**
 * Writes a backup into a new directory while the server is running: one REPEATABLE READ snapshot of all tables as
 * gzipped COPY files, each with its checksum, and the uploaded files. It contains everything acknowledged before the
 * call. It does not contain the queue: jobs are recreated from the tables.
 *
 * @throws BackupError when the directory is not empty or the database has no schema
 */
export async function writeBackup(source: BackupSource, directory: string): Promise<BackupManifest> {
  const target = resolve(directory);
  if (existsSync(target) && readdirSync(target).length > 0) throw new BackupError(`${target} is not empty.`);
  const stagingDirectory = `${target}.unfinished`;
  await rm(stagingDirectory, { recursive: true, force: true });
  for (const part of ['tables', 'files', 'secrets'])
    await mkdir(join(stagingDirectory, part), { recursive: true, mode: 0o700 });
  const { files } = source;
  const copied = join(stagingDirectory, 'files');
  // Copied before and after the snapshot: a file deleted in between is in the first copy, a new file in the second.
  if (files.kind === 'disk') await copyStoredFiles(files.directory, copied);
  const database = await writeTables(source.databaseUrl, stagingDirectory);
  if (files.kind === 'disk') await copyStoredFiles(files.directory, copied);
  const manifest: BackupManifest = {
    format: BACKUP_FORMAT,
    program: source.programVersion,
    ...database,
    files: await writeFileList(files, stagingDirectory),
    secrets: await copySecrets(source.secretPaths, stagingDirectory),
  };
  await writeFile(manifestPath(stagingDirectory), `${JSON.stringify(manifest, null, 2)}\n`, {
    mode: 0o600,
    flush: true,
  });
  await rm(target, { recursive: true, force: true });
  await rename(stagingDirectory, target);
  return manifest;
}

type DatabaseManifest = Pick<BackupManifest, 'taken_at' | 'postgres' | 'migrations' | 'tables' | 'sequences'>;

async function writeTables(databaseUrl: string, directory: string): Promise<DatabaseManifest> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'parley-backup', keepAlive: true });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(BEGIN);
    const { rows } = await client.query<{ taken_at: string; postgres: string }>(
      `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as taken_at,
              current_setting('server_version') as postgres`,
    );
    const migrations = await appliedMigrations(client);
    if (migrations.length === 0) throw new BackupError('The database is empty: there is nothing to back up.');
    const tables: BackedUpTable[] = [];
    for (const table of await tablesOf(client)) tables.push(await writeTable(client, table, directory));
    const sequences = await sequencesOf(client);
    await client.query('commit');
    return { ...rows[0]!, migrations, tables, sequences };
  } finally {
    await client.end();
  }
}

async function writeTable(client: pg.ClientBase, table: OwnTable, directory: string): Promise<BackedUpTable> {
  const path = join('tables', `${table.name}.copy.gz`);
  const file = createWriteStream(join(directory, path), { mode: 0o600, flush: true });
  let rows = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      // A line break within a value is escaped as \n: every actual line break ends a row.
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) rows += 1;
      next(null, chunk);
    },
  });
  const hash = createHash('sha256');
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      hash.update(chunk);
      next(null, chunk);
    },
  });
  const copy = client.query(copyTo(`copy ${copyTarget(table)} to stdout`));
  await pipeline(copy, counting, createGzip({ level: 1 }), hashing, file);
  return { name: table.name, columns: table.columns, rows, path, sha256: hash.digest('hex') };
}

async function writeFileList(files: StoredFilesLocation, directory: string): Promise<BackupManifest['files']> {
  const listed = files.kind === 'disk' ? await listCopiedFiles(join(directory, 'files')) : await files.list();
  const path = 'files.jsonl';
  const handle = await open(join(directory, path), 'w', 0o600);
  try {
    for (const file of listed) await handle.write(`${JSON.stringify(file)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const bytes = listed.reduce((sum, file) => sum + file.bytes, 0);
  return {
    kind: files.kind,
    count: listed.length,
    bytes,
    list: { path, sha256: await checksum(join(directory, path)) },
  };
}

async function copySecrets(paths: readonly string[], directory: string): Promise<BackedUpFile[]> {
  const copied: BackedUpFile[] = [];
  for (const source of paths.filter((path) => existsSync(path))) {
    const path = join('secrets', source.split(/[\\/]/).at(-1)!);
    await copyFile(source, join(directory, path));
    copied.push({ path, sha256: await checksum(join(directory, path)) });
  }
  return copied;
}
