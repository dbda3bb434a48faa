import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

// Bundles the compiled files of the program: opening, resolving and linking 2,000 small modules would be most of the
// cost of a start. See docs/decisions/0017-the-program-is-bundled.md.

/** The programs, by the names of their sources in src/. */
const ENTRIES = ['main', 'worker', 'cli'];
/** An entry is compiled to `main.entry.js`; `main.js` is the bundle. */
const ENTRY = '.entry';

/**
 * Libraries that are also bundled: those that a start needs and that consist of many small files. All others are loaded
 * from node_modules. A library that is loaded both by one of these and by another one exists twice, so it must have no
 * state.
 */
const LIBRARIES =
  /^(@nestjs\/(common|core|platform-express|swagger|mapped-types|throttler|jwt|bullmq|bull-shared)|bullmq|cron-parser|luxon|semver|rxjs|tslib|iterare|uid|es-toolkit|class-validator|validator|libphonenumber-js|prom-client|tdigest|bintrees)(\/|$)/;
const LIBRARY_FILES = /[\\/]node_modules[\\/]/;
/** How a module reads its own URL or path, and the functions in each file of the bundle that return it. */
const OWN_URL = /import\.meta\.url|\b__(?:dir|file)name\b/;
const URL_FUNCTION = '__urlFromBundle';
const PATH_FUNCTION = '__pathFromBundle';
const INTRO = `import { fileURLToPath as __toPath } from 'node:url';
const ${URL_FUNCTION} = (path) => new URL(path, import.meta.url);
const ${PATH_FUNCTION} = (path) => __toPath(${URL_FUNCTION}(path));`;
const CHUNK = 'chunk-';

/** The output path of an entry, without its extension; undefined for every other source. */
export function entryOutput(source) {
  const name = ENTRIES.find((entry) => source === join('src', `${entry}.ts`));
  return name && join('src', name + ENTRY);
}

/**
 * Bundles the programs whose compiled entries are in `folder` (dist/src), and returns the files to write there by name:
 * the entries, then their shared chunks. Our own code has a source map.
 */
export async function bundle(folder) {
  const entries = ENTRIES.filter((name) => existsSync(join(folder, `${name}${ENTRY}.js`)));
  if (entries.length === 0) return new Map();
  const { rolldown } = await import('rolldown');
  const program = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, resolve(folder, `${name}${ENTRY}.js`)])),
    platform: 'node',
    external: (id) => !/^[./]|^[a-z]:\\/i.test(id) && !LIBRARIES.test(id),
    plugins: [compiledFiles(), ownUrls(resolve(folder))],
    logLevel: 'silent', // hides messages about libraries; failures are thrown
  });
  const { output } = await program.generate({
    format: 'esm',
    dir: folder,
    intro: INTRO,
    keepNames: true, // Nest, the migrations and the log read the names of classes
    entryFileNames: '[name].js',
    chunkFileNames: `${CHUNK}[name]-[hash].js`,
    codeSplitting: { groups: [{ name: 'libraries', test: LIBRARY_FILES }] },
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
  });
  await program.close();
  const files = new Map();
  for (const { fileName, code, map } of output.filter(({ type }) => type === 'chunk')) {
    const isOwn = map?.sources.some((source) => !LIBRARY_FILES.test(source));
    files.set(fileName, isOwn ? `${code}//# sourceMappingURL=${basename(fileName)}.map\n` : code);
    if (isOwn) files.set(`${fileName}.map`, JSON.stringify(map));
  }
  return files;
}

/** Removes the chunks in `folder` for which `isKept` returns false. */
export function removeChunks(folder, isKept) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(CHUNK) && !isKept(name)) rmSync(join(folder, name), { force: true });
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
