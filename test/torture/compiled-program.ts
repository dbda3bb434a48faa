import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

let home: string | undefined;

/**
 * The folder of the program compiled as it is now, gone with this process. The rounds start it two dozen times: through
 * a loader that compiles as it goes, each start costs a second of work more.
 */
export function compiledProgram(): string {
  home ??= compile();
  return home;
}

function compile(): string {
  const root = resolve('.');
  const target = mkdtempSync(join(tmpdir(), `parley-program-${process.pid}-`));
  process.on('exit', () => rmSync(target, { recursive: true, force: true }));
  for (const { path, text } of FOLDERS.flatMap(sourceFiles)) {
    if (path.endsWith('.spec.ts') || path.endsWith('.d.ts')) continue;
    const file = join(target, relative(root, path).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, transformSync(text, { ...OPTIONS, filename: path }).code);
  }
  cpSync('package.json', join(target, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(target, 'node_modules'));
  return target;
}
