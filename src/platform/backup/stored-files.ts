import { constants, existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { checksum, type ListedFile } from './backup-manifest.js';

/** The location of uploaded files. Files in S3 are listed, not copied. */
export type StoredFilesLocation =
  { readonly kind: 'disk'; readonly directory: string } | { readonly kind: 's3'; list(): Promise<ListedFile[]> };

/**
 * Copies every stored file that is not in `target` yet. A stored file never changes under its name, so an existing copy
 * is correct. A file that is deleted meanwhile belongs to a row that is deleted too.
 */
export async function copyStoredFiles(directory: string, target: string): Promise<void> {
  for (const path of await filesBelow(directory)) {
    const copy = join(target, basename(path));
    if (!existsSync(copy)) await copyFile(path, copy, constants.COPYFILE_FICLONE).catch(ignoreMissing);
  }
}

/** Lists the copied files with their checksums. */
export async function listCopiedFiles(target: string): Promise<ListedFile[]> {
  const listed: ListedFile[] = [];
  for (const path of await filesBelow(target)) {
    listed.push({ key: basename(path), bytes: (await stat(path)).size, sha256: await checksum(path) });
  }
  return listed;
}

/** Copies a file to the path at which the storage expects it. */
export async function restoreFile(source: string, directory: string, key: string): Promise<void> {
  const [id = ''] = key.split('.', 1);
  const target = join(directory, id.slice(-2), key);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await copyFile(source, target, constants.COPYFILE_FICLONE);
}

async function filesBelow(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
