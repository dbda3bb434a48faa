import { join, resolve } from 'node:path';

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
