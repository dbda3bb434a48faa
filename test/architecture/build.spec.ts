import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';

jest.setTimeout(60_000);

describe('the build', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-build-'));
    mkdirSync(join(folder, 'migrations'));
    for (const script of ['build.mjs', 'bundle.mjs']) cpSync(join('scripts', script), join(folder, 'scripts', script));
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

  it('bundles the program, whose files are found where they were, and bundles it again when one of them changes', () => {
    mkdirSync(join(folder, 'src/deep'), { recursive: true });
    write('deep/own.ts', `export class Own {}\nexport const here = new URL('./own.js', import.meta.url).pathname;`);
    const main = (word: string): string =>
      `import { Own, here } from './deep/own.js';\nprocess.stdout.write([Own.name, here, '${word}'].join());`;
    write('main.ts', main('first'));
    build();
    const file = join(folder, 'dist/src/deep/own.js');
    renameSync(file, `${file}.away`); // the bundle holds what it needs
    expect(run('main.js')).toBe(`Own,${file},first`);
    renameSync(`${file}.away`, file);
    write('main.ts', main('second'));
    build();
    expect(run('main.js')).toBe(`Own,${file},second`);
  });

  it('leaves maps by which the stack of an error names the line of its source', () => {
    const place = 'platform/process/source-stacks.ts';
    mkdirSync(join(folder, 'src/platform/process'), { recursive: true });
    cpSync(join('src', place), join(folder, 'src', place));
    const failure = 'type Gone = 1;\ninterface GoneToo {}\n\nexport const stack = new Error(`no`).stack;\n';
    write('failure.ts', failure);
    write('bare.ts', `import { stack } from './failure.js';\nprocess.stdout.write(String(stack));`);
    const mapped = `import './${place.replace('.ts', '.js')}';\nimport './bare.js';`;
    write('mapped.ts', mapped);
    write('main.ts', mapped);
    build();
    for (const name of ['mapped.js', 'main.js'])
      expect(run(name)).toMatch(/^Error: no\n {4}at file:.*\/src\/failure\.ts:4:22\n/);
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

/** Needed for a migration, an upload, a report, a command: by none that only becomes ready. */
const NOT_FOR_A_START =
  /node_modules\/(typeorm|sharp|@sentry|@opentelemetry\/(?!api)|@zxcvbn-ts|s3mini|yauzl|parse5|commander|blurhash|rolldown)\//;
/** Hundreds of files each. */
const BUNDLED = /node_modules\/(@nestjs|rxjs|bullmq|class-validator)\/|\/dist\/src\/.*\//;

describe('the program that was built', () => {
  let folder: string;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'parley-built-')));
    cpSync('package.json', join(folder, 'package.json'));
    mkdirSync(join(folder, 'scripts'));
    for (const name of ['src', 'migrations', 'node_modules']) symlinkSync(resolve(name), join(folder, name));
    for (const script of ['build.mjs', 'bundle.mjs']) cpSync(join('scripts', script), join(folder, 'scripts', script));
    execFileSync(process.execPath, [join(folder, 'scripts', 'build.mjs')], { stdio: 'ignore' });
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is read in a few files, with no library that a start does not need, and is the same program', async () => {
    const list = join(folder, 'loaded');
    const server = startProcess(join(folder, 'dist/src/main.js'), {
      DATABASE_URL: database.url,
      DATA_DIR: join(folder, 'data'),
      PORT: '0',
      LOADED_FILES: list,
      NODE_OPTIONS: `--import=${pathToFileURL('test/support/record-loaded-files.mjs').href}`,
    });
    const [, url] = await server.printed(/REST +(http:\/\/localhost:\d+)/);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
    expect(await server.end('SIGTERM')).toBe(0);
    const loaded = readFileSync(list, 'utf8').split('\n');

    expect(document).toEqual(JSON.parse(readFileSync('docs/openapi.json', 'utf8')));
    expect(loaded.filter((file) => /\/dist\/src\/main\.js$|\/node_modules\/pg\//.test(file))).not.toEqual([]);
    expect(loaded.filter((file) => NOT_FOR_A_START.test(file))).toEqual([]);
    expect(loaded.filter((file) => BUNDLED.test(file))).toEqual([]);
  });
});
