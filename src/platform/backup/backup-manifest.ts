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

/** What a backup holds. It is written last: a folder without one is no backup. */
export interface BackupManifest {
  readonly format: typeof BACKUP_FORMAT;
  /** When the snapshot was taken, by the clock of the database. */
  readonly taken_at: string;
  /** Version of the program that wrote it. */
  readonly program: string;
  readonly postgres: string;
  /** Names of the steps the schema had, oldest first. */
  readonly migrations: readonly string[];
  readonly tables: readonly BackedUpTable[];
  readonly sequences: readonly { readonly name: string; readonly value: string }[];
  /** Uploaded files: copied from the disk, or of a store only named in `list`. */
  readonly files: {
    readonly kind: 'disk' | 's3';
    readonly count: number;
    readonly bytes: number;
    readonly list: BackedUpFile;
  };
  /** Secrets generated into `DATA_DIR`, which lie in `secrets/`; those given by the environment are not here. */
  readonly secrets: readonly BackedUpFile[];
}

/** An uploaded file, a line in the list. One in a store has no checksum: its bytes were not read. */
export interface ListedFile {
  readonly key: string;
  readonly bytes: number;
  readonly sha256?: string;
}

/** Why a folder cannot be written to or restored from, in words for whoever asked for it. */
export class BackupError extends Error {}

export function manifestPath(folder: string): string {
  return join(folder, MANIFEST);
}

/** @throws BackupError when the folder holds no backup, or one of another format */
export function readManifest(folder: string): BackupManifest {
  if (!existsSync(manifestPath(folder))) throw new BackupError(`${folder} holds no backup: it has no ${MANIFEST}.`);
  const manifest = JSON.parse(readFileSync(manifestPath(folder), 'utf8')) as BackupManifest;
  if (manifest.format !== BACKUP_FORMAT) {
    throw new BackupError(
      `This backup has the format ${String(manifest.format)}; this version reads ${BACKUP_FORMAT}.`,
    );
  }
  return manifest;
}

/** Reads every byte of a backup before any of it is used. @throws BackupError that names what is missing or altered */
export async function verifyBackup(folder: string, manifest: BackupManifest): Promise<void> {
  const wrong: string[] = [];
  const check = async ({ path, sha256 }: BackedUpFile): Promise<void> => {
    const found = existsSync(join(folder, path)) ? await checksum(join(folder, path)) : undefined;
    if (found !== sha256) wrong.push(`${path} ${found ? 'is not what was written' : 'is missing'}`);
  };
  for (const file of [...manifest.tables, manifest.files.list, ...manifest.secrets]) await check(file);
  if (wrong.length === 0 && manifest.files.kind === 'disk') {
    for (const file of listedFiles(folder, manifest)) {
      await check({ path: storedPath(file.key), sha256: file.sha256 ?? '' });
    }
  }
  if (wrong.length > 0)
    throw new BackupError(`The backup is damaged:\n${wrong.map((line) => `  - ${line}`).join('\n')}`);
}

export function listedFiles(folder: string, { files }: Pick<BackupManifest, 'files'>): ListedFile[] {
  const lines = readFileSync(join(folder, files.list.path), 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ListedFile);
}

/** Where an uploaded file lies within a backup. */
export function storedPath(key: string): string {
  return join('files', key);
}

export async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
