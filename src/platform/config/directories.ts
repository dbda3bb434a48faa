import { join, resolve, dirname } from 'node:path';
import { existsSync, mkdirSync, statSync } from 'node:fs';

/**
 * Creates a directory that only this account can access, with its missing parents. It creates one after the other:
 * the `recursive` option of Node never returns where a file system reports ENOENT although the parent exists, as /proc
 * does.
 *
 * @throws the error of the file system
 */
export function makeDirectory(path: string): void {
  const directory = resolve(path);
  if (!existsSync(dirname(directory))) makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(directory).isDirectory()) throw error;
  }
}

interface DirectorySettings {
  readonly dataDir: string;
  readonly filesDir?: string | undefined;
}

/**
 * The directory of files on the disk of this machine: stored files, unless they are in S3, and uploads in progress.
 */
export function filesDirOf({ dataDir, filesDir }: DirectorySettings): string {
  return filesDir ? resolve(filesDir) : join(dataDir, 'files');
}

/** The directory of stored files. */
export function storedFilesDirOf(settings: DirectorySettings): string {
  return join(filesDirOf(settings), 'stored');
}

/** The directory of uploads in progress. */
export function incomingFilesDirOf(settings: DirectorySettings): string {
  return join(filesDirOf(settings), 'incoming');
}
