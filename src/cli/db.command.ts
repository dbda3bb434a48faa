import { join } from 'node:path';
import { Command } from 'commander';
import { BackupError, type BackupManifest } from '../platform/backup/backup-manifest.js';
import { restoreBackup } from '../platform/backup/restore-backup.js';
import { writeBackup } from '../platform/backup/write-backup.js';
import type { Config } from '../platform/config/config.js';
import { processEnvironment, readConfiguration } from '../platform/config/config.js';
import { type DatabaseState, readDatabaseState } from '../platform/database/database-state.js';
import { migrate } from '../platform/database/migrate.js';
import { readPackage } from '../platform/process/program-files.js';
import { RATE_LIMITS } from '../rate-limits.js';
import { withDatabase } from './services.js';
import { storedFilesLocation } from './stored-files-location.js';
import { CommandFailed, printToStderr, print, printJson, table } from './terminal.js';

/** Secrets that are generated in `DATA_DIR` if the environment does not set them, see `Config.load`. */
const GENERATED_SECRETS = ['jwt-secret', 'password-pepper'] as const;

export function dbCommand(): Command {
  const command = new Command('db');
  command
    .command('migrate')
    .description('migrates the schema to this version, as every start does')
    .action(async () => {
      const ran = await withDatabase(({ databaseUrl }) => migrate(databaseUrl));
      print(...(ran.length > 0 ? ran : ['The schema is up to date.']));
    });
  command
    .command('status')
    .description('prints the server, its size and the applied and pending migrations; exit code 1 if some are pending')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const state = await withDatabase(({ databaseUrl }) => readDatabaseState(databaseUrl));
      if (json) printJson(state);
      else print(...describeState(state));
      if (state.pending.length > 0) throw new CommandFailed('The schema is behind: parley db migrate.');
    });
  command
    .command('backup <folder>')
    .description('writes all data to a new directory, while the server keeps running')
    .action(async (folder: string) => {
      const manifest = await withDatabase((config) => withCommandErrors(() => backUp(config, folder)));
      print(...describeBackup(manifest), `Written to ${folder}.`);
      if (manifest.secrets.length > 0)
        printToStderr('It contains secrets of this installation: protect it like the server.');
    });
  command
    .command('restore <folder>')
    .description('restores a backup into an empty database and DATA_DIR; every client then fetches everything again')
    .action(async (folder: string) => {
      const manifest = await withDatabase((config) => withCommandErrors(() => restore(config, folder)));
      print(...describeBackup(manifest), 'Restored. Clients that reconnect will fetch everything again.');
      if (manifest.files.kind === 's3')
        printToStderr('The files are still in S3: STORAGE must use the same bucket as before.');
      if (manifest.secrets.length < GENERATED_SECRETS.length) {
        printToStderr(
          'JWT_SECRET and PASSWORD_PEPPER must be the same as before: with others no session and no password works.',
        );
      }
    });
  return command;
}

function backUp(config: Config & { databaseUrl: string }, folder: string): Promise<BackupManifest> {
  const given = givenSecrets();
  const generated = GENERATED_SECRETS.filter((name) => !given.includes(name));
  const source = {
    databaseUrl: config.databaseUrl,
    files: storedFilesLocation(config),
    secretPaths: generated.map((name) => join(config.dataDir, name)),
    programVersion: readPackage().version,
  };
  return writeBackup(source, folder);
}

function restore(config: Config & { databaseUrl: string }, folder: string): Promise<BackupManifest> {
  const { databaseUrl, dataDir, filesDir } = config;
  return restoreBackup(folder, { databaseUrl, dataDir, filesDir, givenSecrets: givenSecrets() });
}

function givenSecrets(): string[] {
  const { jwtSecret, passwordPepper } = readConfiguration(processEnvironment(), RATE_LIMITS).values;
  return [...(jwtSecret ? ['jwt-secret'] : []), ...(passwordPepper ? ['password-pepper'] : [])];
}

async function withCommandErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupError) throw new CommandFailed(error.message);
    throw error;
  }
}

function describeBackup({ taken_at, program, tables, files }: BackupManifest): string[] {
  const rows = tables.reduce((sum, { rows: count }) => sum + count, 0);
  const location = files.kind === 'disk' ? 'copied' : 'in S3, listed and not copied';
  return table([
    ['Taken', taken_at],
    ['Version', program],
    ['Tables', `${tables.length} with ${rows} rows`],
    ['Files', `${files.count} of ${files.bytes} bytes, ${location}`],
  ]);
}

function describeState(state: DatabaseState): string[] {
  return table([
    ['Server', `PostgreSQL ${state.postgres}`],
    ['Size', `${Math.round(state.bytes / 1024 / 1024)} MiB`],
    ['Applied', `${state.applied.length} migrations`],
    ['Pending', state.pending.join(', ') || 'none'],
    ...(state.unknown.length > 0 ? [['Unknown', `${state.unknown.join(', ')} (of a newer version)`]] : []),
    ['Queue', state.hasQueueSchema ? 'present' : 'missing'],
  ]);
}
