import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

export const BACKUP_FORMAT = 1;
const MANIFEST = 'manifest.json';

/** A file of a backup, by its path within it. */
export interface BackedUpFile {
  readonly path: string;
  readonly sha256: string;
}

export interface BackedUpTable extends BackedUpFile {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: number;
}

/** The contents of a backup. It is written last: a directory without a manifest is not a backup. */
export interface BackupManifest {
  readonly format: typeof BACKUP_FORMAT;
  /** The time of the snapshot, by the clock of the database. */
  readonly taken_at: string;
  /** Version of the program that wrote it. */
  readonly program: string;
  readonly postgres: string;
  /** Names of the migrations that had been applied, oldest first. */
  readonly migrations: readonly string[];
  readonly tables: readonly BackedUpTable[];
  readonly sequences: readonly { readonly name: string; readonly value: string }[];
  /** Uploaded files: copied from the disk, or only listed in `list` if they are in S3. */
  readonly files: {
    readonly kind: 'disk' | 's3';
    readonly count: number;
    readonly bytes: number;
    readonly list: BackedUpFile;
  };
  /** Secrets generated in `DATA_DIR`, copied to `secrets/`; secrets of the environment are not in a backup. */
  readonly secrets: readonly BackedUpFile[];
}

/** An uploaded file, one line of the list. A file in S3 has no checksum, since its bytes were not read. */
export interface ListedFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256?: string;
}

/** Why a directory cannot be written to or restored from; the message is for the operator. */
export class BackupError extends Error {}

export function manifestPath(directory: string): string {
  return join(directory, MANIFEST);
}

/** @throws BackupError when the directory contains no backup, or one of another format */
export function readManifest(directory: string): BackupManifest {
  if (!existsSync(manifestPath(directory)))
    throw new BackupError(`${directory} contains no backup: it has no ${MANIFEST}.`);
  const manifest = JSON.parse(readFileSync(manifestPath(directory), 'utf8')) as BackupManifest;
  if (manifest.format !== BACKUP_FORMAT) {
    throw new BackupError(
      `This backup has the format ${String(manifest.format)}; this version reads ${BACKUP_FORMAT}.`,
    );
  }
  return manifest;
}

/**
 * Reads and checks every byte of a backup before any of it is used.
 *
 * @throws BackupError that lists missing or changed files
 */
export async function verifyBackup(directory: string, manifest: BackupManifest): Promise<void> {
  const wrong: string[] = [];
  const check = async ({ path, sha256 }: BackedUpFile): Promise<void> => {
    const found = existsSync(join(directory, path)) ? await checksum(join(directory, path)) : undefined;
    if (found !== sha256) wrong.push(`${path} ${found ? 'has changed since it was written' : 'is missing'}`);
  };
  for (const file of [...manifest.tables, manifest.files.list, ...manifest.secrets]) await check(file);
  if (wrong.length === 0 && manifest.files.kind === 'disk') {
    for (const file of listedFiles(directory, manifest)) {
      await check({ path: storedPath(file.key), sha256: file.sha256 ?? '' });
    }
  }
  if (wrong.length > 0)
    throw new BackupError(`The backup is damaged:\n${wrong.map((line) => `  - ${line}`).join('\n')}`);
}

export function listedFiles(directory: string, { files }: Pick<BackupManifest, 'files'>): ListedFile[] {
  const lines = readFileSync(join(directory, files.list.path), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ListedFile);
}

/** The path of an uploaded file within a backup. */
export function storedPath(key: string): string {
  return join('files', key);
}

export async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
