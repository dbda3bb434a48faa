import { join, resolve } from 'node:path';

interface Places {
  readonly dataDir: string;
  readonly filesDir?: string | undefined;
}

/**
 * Where files are on the disk of this machine, unless a store keeps them: those that came in, and those that come in.
 */
export function filesDirOf({ dataDir, filesDir }: Places): string {
  return filesDir ? resolve(filesDir) : join(dataDir, 'files');
}

/** What of it is stored for good. */
export function storedFilesDirOf(places: Places): string {
  return join(filesDirOf(places), 'stored');
}

/** What is on its way. */
export function incomingFilesDirOf(places: Places): string {
  return join(filesDirOf(places), 'incoming');
}
