import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Package {
  readonly version: string;
  readonly engines: { readonly node: string };
}

/** The directory of `package.json`: this file may be a source, or compiled at some depth of `dist`. */
export function programFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('There is no package.json above the program.');
    folder = above;
  }
  return folder;
}

/** Reads `package.json` of this program. */
export function readPackage(): Package {
  return JSON.parse(readFileSync(join(programFolder(), 'package.json'), 'utf8')) as Package;
}
