import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

describe('the build', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-build-'));
    mkdirSync(join(folder, 'migrations'));
    cpSync('scripts/build.mjs', join(folder, 'scripts', 'build.mjs'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    write('one.ts', 'export const one: number = 1;');
    write('two.ts', `import { one } from './one.js';\nprocess.stdout.write(String(one + one));`);
    write('two.spec.ts', 'no program');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string): void => {
    mkdirSync(join(folder, 'src'), { recursive: true });
    writeFileSync(join(folder, 'src', name), text);
  };
  /** What the build says, or that it failed. */
  const build = (): string => {
    const script = join(folder, 'scripts', 'build.mjs');
    return execFileSync('/bin/sh', ['-c', '"$0" "$1" 2>&1 || echo failed', process.execPath, script], {
      encoding: 'utf8',
    });
  };
  const run = (name = 'two.js'): string =>
    execFileSync(process.execPath, [join(folder, 'dist/src', name)], { encoding: 'utf8' });

  it('compiles the whole program, then only what has changed, and nothing when nothing has', () => {
    expect(build()).toBe('Compiling 2 files …\n');
    expect(run()).toBe('2');
    expect(build()).toBe('');
    write('one.ts', 'export const one: number = 21;');
    expect(build()).toBe(`Compiling ${join('src', 'one.ts')} …\n`);
    expect(run()).toBe('42');
  });

  it('removes the output of a source that is gone', () => {
    build();
    rmSync(join(folder, 'src', 'one.ts'));
    expect(build()).toBe('');
    expect(existsSync(join(folder, 'dist/src/one.js'))).toBe(false);
  });

  it('leaves maps by which the stack of an error names the line of its source', () => {
    const place = 'platform/process/source-stacks.ts';
    mkdirSync(join(folder, 'src/platform/process'), { recursive: true });
    cpSync(join('src', place), join(folder, 'src', place));
    const failure = 'type Gone = 1;\ninterface GoneToo {}\n\nexport const stack = new Error(`no`).stack;\n';
    write('failure.ts', failure);
    write('bare.ts', `import { stack } from './failure.js';\nprocess.stdout.write(String(stack));`);
    write('mapped.ts', `import './${place.replace('.ts', '.js')}';\nimport './bare.js';`);
    build();
    expect(run('mapped.js')).toMatch(/^Error: no\n {4}at file:.*\/src\/failure\.ts:4:22\n/);
    expect(run('bare.js')).toMatch(/^Error: no\n {4}at file:.*\/dist\/src\/failure\.js:\d/); // without it
  });

  it('says what cannot be compiled, keeps the old output, and tries again', () => {
    build();
    write('one.ts', 'export const one: = ;');
    for (let run = 0; run < 2; run += 1) expect(build()).toMatch(/one\.ts[^]*failed/);
    expect(run()).toBe('2');
    expect(JSON.parse(readFileSync(join(folder, 'dist/.build.json'), 'utf8')).files).toBeDefined();
  });
});
