import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, entryOutput, removeChunks, writeCodeCaches } from './bundle.mjs';

// Compiles changed sources to dist/, and bundles the program: node scripts/build.mjs [--tools]
// Types are checked by npm run check and not here: a full build takes 2 s instead of 20 s.

const PROGRAM = ['src', 'migrations'];
const TOOLS = ['scripts', 'test/bench', 'test/chaos', 'test/fuzz', 'test/support', 'test/fixtures'];
const OUTPUT = 'dist';
const RECORD = join(OUTPUT, '.build.json');
/** Files that are not compiled: tests and declarations. */
const IGNORED = /\.(spec|contract|d)\.ts$/;
/** A change of one of these files may change every output. */
const COMPILER = [
  ...['scripts/build.mjs', 'scripts/bundle.mjs', 'scripts/load-chunk.cjs'],
  'node_modules/.package-lock.json',
];

const OPTIONS = {
  swcrc: false,
  sourceMaps: true,
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    target: 'es2023',
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

/**
 * Updates dist/ and returns the number of compiled files. An output is replaced atomically, so that a process that
 * starts meanwhile reads either the old or the new one. Outputs whose source was deleted are removed.
 */
export async function build({ tools = false, log = console.error } = {}) {
  const sources = new Map((tools ? [...PROGRAM, ...TOOLS] : PROGRAM).flatMap(sourcesOf));
  const { compiler, files: known, bundled: knownBundle = [] } = readRecord();
  const current = [process.version, ...COMPILER.map(stampOf)].join(); // code caches fit one version of Node
  const isStale = ([path, stamp]) => compiler !== current || known[path] !== stamp;
  const stale = [...sources].filter(isStale).map(([path]) => path);
  const deleted = Object.keys(known).filter((path) => !sources.has(path) && (tools || isProgram(path)));
  if (stale.length === 0 && deleted.length === 0) return 0;

  if (stale.length > 0) {
    log(`Compiling ${stale.length === 1 ? stale[0] : `${stale.length} files`} …`);
    const { transformFile } = await import('@swc/core');
    await inParallel(stale, async (path) => {
      if (isSql(path)) replace(join(OUTPUT, path), readFileSync(path));
      else write(path, await transformFile(path, OPTIONS));
    });
  }
  for (const file of deleted.flatMap(outputsOf)) rmSync(file, { force: true });
  const isBundled = [...stale, ...deleted].some(isProgram);
  const bundled = isBundled ? await writeBundle(knownBundle) : knownBundle;
  const kept = compiler === current ? Object.entries(known).filter(([path]) => !deleted.includes(path)) : [];
  replace(RECORD, JSON.stringify({ compiler: current, files: Object.fromEntries([...kept, ...sources]), bundled }));
  return stale.length;
}

/**
 * Writes the bundle and returns the names of its files. The entries are written last, because they refer to the chunks.
 * The chunks of `earlier` stay for one more build, for a process that has started and loads the rest later.
 */
async function writeBundle(earlier) {
  const folder = join(OUTPUT, 'src');
  const { files, start } = await bundle(folder);
  for (const [name, text] of [...files].reverse()) replace(join(folder, name), text);
  writeCodeCaches(folder, start);
  removeChunks(folder, (name) => files.has(name) || earlier.includes(name));
  return [...files.keys()];
}

/** Returns every source below a directory, with the stamp that detects changes: what is compiled, and SQL. */
function sourcesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => (name.endsWith('.ts') && !IGNORED.test(name)) || isSql(name))
    .map((name) => join(folder, name))
    .map((path) => [path, stampOf(path)]);
}

function stampOf(path) {
  const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? {};
  return `${size} ${mtimeMs}`;
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(RECORD, 'utf8'));
  } catch {
    return { compiler: '', files: {} };
  }
}

function isProgram(path) {
  return PROGRAM.some((folder) => path.startsWith(join(folder, '/')));
}

async function inParallel(items, work) {
  const pending = [...items];
  const worker = async () => {
    for (let item = pending.pop(); item !== undefined; item = pending.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() * 2 }, worker));
}

function write(path, { code, map }) {
  const file = outputOf(path, '.js');
  mkdirSync(dirname(file), { recursive: true });
  const source = relative(dirname(file), path).replaceAll(sep, '/');
  replace(`${file}.map`, JSON.stringify({ ...JSON.parse(map), sources: [source] }));
  replace(file, `${code}\n//# sourceMappingURL=${basename(file)}.map\n`);
}

/** SQL functions are read by the program and copied as they are. */
function isSql(path) {
  return path.endsWith('.sql');
}

function outputsOf(path) {
  return isSql(path) ? [join(OUTPUT, path)] : ['.js', '.js.map'].map((ending) => outputOf(path, ending));
}

function outputOf(path, ending) {
  return join(OUTPUT, (entryOutput(path) ?? path.replace(/\.ts$/, '')) + ending);
}

function replace(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(fileURLToPath(new URL('..', import.meta.url)));
  await build({ tools: process.argv.includes('--tools') });
}
