import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transformSync } from '@swc/core';
import { sourceFiles } from '../support/source-files.js';

const FOLDERS = ['src', 'migrations', 'test/torture', 'test/support', 'test/fixtures'];
const OPTIONS = {
  swcrc: false,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    target: 'es2023',
    keepClassNames: true,
  },
  module: { type: 'es6' },
} as const;

const CACHE = 'node_modules/.cache/parley-program';
const OUTDATED_MS = 3_600_000;

let home: string | undefined;

/**
 * The folder of the program compiled as it is now. The rounds start it a dozen times: through a loader that compiles as
 * it goes, each start costs a second of work more.
 */
export function compiledProgram(): string {
  home ??= compile();
  return home;
}

function compile(): string {
  const root = resolve('.');
  const files = FOLDERS.flatMap(sourceFiles).filter(({ path }) => !/\.(spec|d)\.ts$/.test(path));
  const hash = createHash('sha256')
    .update(JSON.stringify([OPTIONS, files]))
    .digest('hex')
    .slice(0, 32);
  const target = resolve(CACHE, hash);
  if (existsSync(target)) return target;
  removeOutdated();
  const unfinished = `${target}.${process.pid}`;
  for (const { path, text } of files) {
    const file = join(unfinished, relative(root, path).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, transformSync(text, { ...OPTIONS, filename: path }).code);
  }
  cpSync('package.json', join(unfinished, 'package.json'));
  try {
    renameSync(unfinished, target);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another process was first
  }
  return target;
}

function removeOutdated(): void {
  mkdirSync(CACHE, { recursive: true });
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    if (statSync(path).mtimeMs < Date.now() - OUTDATED_MS) rmSync(path, { recursive: true, force: true });
  }
}
