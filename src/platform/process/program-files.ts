import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Package {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** The directory of `package.json`: this file may be a source, or compiled at some depth of `dist`. */
export function programDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error('There is no package.json above the program.');
    directory = parent;
  }
  return directory;
}

/** Reads `package.json` of this program. */
export function readPackage(): Package {
  return JSON.parse(readFileSync(join(programDirectory(), 'package.json'), 'utf8')) as Package;
}
