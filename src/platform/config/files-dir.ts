import { join, resolve, dirname } from 'node:path';
import { existsSync, mkdirSync, statSync } from 'node:fs';

/**
 * Creates a directory that only this account can access, with its missing parents. It creates one after the other:
 * the `recursive` option of Node never returns where a file system reports ENOENT although the parent exists, as /proc
 * does.
 *
 * @throws the error of the file system
 */
export function makeFolder(path: string): void {
  const folder = resolve(path);
  if (!existsSync(dirname(folder))) makeFolder(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(folder).isDirectory()) throw error;
  }
}

interface Directories {
  readonly dataDir: string;
  readonly filesDir?: string | undefined;
}

/**
 * The directory of files on this machine's disk, both stored files and uploads in progress. Stored files may instead be in S3.
 */
export function filesDirOf({ dataDir, filesDir }: Directories): string {
  return filesDir ? resolve(filesDir) : join(dataDir, 'files');
}

/** The files that are stored. */
export function storedFilesDirOf(directories: Directories): string {
  return join(filesDirOf(directories), 'stored');
}

/** The uploads in progress. */
export function incomingFilesDirOf(directories: Directories): string {
  return join(filesDirOf(directories), 'incoming');
}
