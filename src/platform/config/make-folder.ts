import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

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
