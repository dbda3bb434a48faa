import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
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
import { request } from '../support/client/http.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { startProcess } from '../support/test-process.js';

jest.setTimeout(60_000);

describe('the build', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-build-'));
    mkdirSync(join(folder, 'migrations'));
    for (const script of ['build.mjs', 'bundle.mjs', 'load-chunk.cjs'])
      cpSync(join('scripts', script), join(folder, 'scripts', script));
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
  /** Returns what the build prints, and whether it failed. */
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

  it('removes the output of a deleted source', () => {
    build();
    rmSync(join(folder, 'src', 'one.ts'));
    expect(build()).toBe('');
    expect(existsSync(join(folder, 'dist/src/one.js'))).toBe(false);
  });

  it('copies the SQL functions, again when they change, and removes those that are gone', () => {
    const copy = join(folder, 'dist/src/one.sql');
    for (const text of ['select 1', 'select 12']) {
      write('one.sql', text);
      build();
      expect(readFileSync(copy, 'utf8')).toBe(text);
    }
    rmSync(join(folder, 'src', 'one.sql'));
    build();
    expect(existsSync(copy)).toBe(false);
  });

  it('bundles the program so that its files resolve their own URLs, and bundles it again after a change', () => {
    mkdirSync(join(folder, 'src/deep'), { recursive: true });
    write('deep/own.ts', `export class Own {}\nexport const here = new URL('./own.js', import.meta.url).pathname;`);
    const main = (word: string): string =>
      `import { Own, here } from './deep/own.js';\nprocess.stdout.write([Own.name, here, '${word}'].join());`;
    write('main.ts', main('first'));
    build();
    const file = join(folder, 'dist/src/deep/own.js');
    renameSync(file, `${file}.away`); // the bundle contains the class
    expect(run('main.js')).toBe(`Own,${file},first`);
    renameSync(`${file}.away`, file);
    write('main.ts', main('second'));
    build();
    expect(run('main.js')).toBe(`Own,${file},second`);
  });

  it('stores what is compiled of a chunk, from which libraries can still be imported', () => {
    write('late.ts', `export const late = async () => typeof (await import('commander')).Command;`);
    write('main.ts', `void import('./late.js').then(async ({ late }) => process.stdout.write(await late()));`);
    build();
    const files = readdirSync(join(folder, 'dist/src'));
    expect(files).toContainEqual(expect.stringMatching(/^chunk-late-.*\.cache$/));
    expect(run('main.js')).toBe('function');
  });

  it('writes source maps with which a stack names the line of the source', () => {
    const module = 'platform/process/source-stacks.ts';
    mkdirSync(join(folder, 'src/platform/process'), { recursive: true });
    cpSync(join('src', module), join(folder, 'src', module));
    const failure = 'type Gone = 1;\ninterface GoneToo {}\n\nexport const stack = new Error(`no`).stack;\n';
    write('failure.ts', failure);
    write('bare.ts', `import { stack } from './failure.js';\nprocess.stdout.write(String(stack));`);
    const mapped = `import './${module.replace('.ts', '.js')}';\nimport './bare.js';`;
    write('mapped.ts', mapped);
    write('main.ts', mapped);
    build();
    for (const name of ['mapped.js', 'main.js'])
      expect(run(name)).toMatch(/^Error: no\n {4}at file:.*\/src\/failure\.ts:4:22\n/);
    expect(run('bare.js')).toMatch(/^Error: no\n {4}at file:.*\/dist\/src\/failure\.js:\d/); // without source-stacks
  });

  it('reports a compile error, keeps the old output, and tries again', () => {
    build();
    write('one.ts', 'export const one: = ;');
    for (let run = 0; run < 2; run += 1) expect(build()).toMatch(/one\.ts[^]*failed/);
    expect(run()).toBe('2');
    expect(JSON.parse(readFileSync(join(folder, 'dist/.build.json'), 'utf8')).files).toBeDefined();
  });
});

/** Needed for a migration, an upload, a report or a command, but not for a start. */
const NOT_FOR_A_START =
  /node_modules\/(typeorm|sharp|@sentry|@opentelemetry\/(?!api)|@zxcvbn-ts|s3mini|yauzl|parse5|commander|blurhash|rolldown)\//;
/** Libraries of a start, and our own files: they are in the bundle. */
const BUNDLED = /node_modules\/(@nestjs|rxjs|bullmq|class-validator|express|ioredis|pg|socket.io)\/|\/dist\/src\/.*\//;

describe('the built program', () => {
  let folder: string;
  let database: TestDatabase;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'parley-built-')));
    cpSync('package.json', join(folder, 'package.json'));
    mkdirSync(join(folder, 'scripts'));
    for (const name of ['src', 'migrations', 'node_modules']) symlinkSync(resolve(name), join(folder, name));
    for (const script of ['build.mjs', 'bundle.mjs', 'load-chunk.cjs'])
      cpSync(join('scripts', script), join(folder, 'scripts', script));
    execFileSync(process.execPath, [join(folder, 'scripts', 'build.mjs')], { stdio: 'ignore' });
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('starts from a few files without libraries that a start does not need, and serves the same API', async () => {
    const list = join(folder, 'loaded');
    const server = startProcess(join(folder, 'dist/src/main.js'), {
      DATABASE_URL: database.url,
      DATA_DIR: join(folder, 'data'),
      PORT: '0',
      LOADED_FILES: list,
      NODE_OPTIONS: `--import=${pathToFileURL('test/support/record-loaded-files.mjs').href}`,
    });
    const [, url] = await server.printed(/REST +(http:\/\/localhost:\d+)/);
    expect((await request('GET', `${url}/readyz`)).status).toBe(200);
    const document: unknown = (await request('GET', `${url}/openapi.json`)).body;
    expect(await server.end('SIGTERM')).toBe(0);
    const loaded = readFileSync(list, 'utf8').split('\n');

    expect(document).toEqual(JSON.parse(readFileSync('docs/openapi.json', 'utf8')));
    expect(loaded.filter((file) => /\/dist\/src\/main\.js$|\/node_modules\/pg\//.test(file))).not.toEqual([]);
    expect(loaded.filter((file) => NOT_FOR_A_START.test(file))).toEqual([]);
    expect(loaded.filter((file) => BUNDLED.test(file))).toEqual([]);
  });
});
