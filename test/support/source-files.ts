import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface SourceFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file, or every file with another extension, below this folder of the checkout. */
export function sourceFiles(folder: string, ending = '.ts'): SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => resolve(join(folder, name)))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
}
