import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';

// Bundles the compiled files of the program: to open, resolve and link each of 2,000 small modules is most of what a
// start costs. See docs/decisions/0017-the-program-is-bundled.md.

/** The programs, by the names of their sources in src/. */
const ENTRIES = ['main', 'worker', 'cli'];
/** An entry is compiled to `main.entry.js`; `main.js` is the bundle. */
const ENTRY = '.entry';

/**
 * The libraries that are bundled too: those a start needs that consist of many small files. All others are loaded from
 * node_modules. One that a library of these and another one load is there twice, so it must keep no state.
 */
const LIBRARIES =
  /^(@nestjs\/(common|core|platform-express|swagger|mapped-types|throttler|jwt|bullmq|bull-shared)|bullmq|cron-parser|luxon|semver|rxjs|tslib|iterare|uid|es-toolkit|class-validator|validator|libphonenumber-js|prom-client|tdigest|bintrees)(\/|$)/;
const LIBRARY_FILES = /[\\/]node_modules[\\/]/;
/** How a module asks for its own address, and the functions in each file of the bundle that answer it. */
const OWN_ADDRESS = /import\.meta\.url|\b__(?:dir|file)name\b/;
const ADDRESS = '__addressFromBundle';
const PLACE = '__placeFromBundle';
const ADDRESSES = `import { fileURLToPath as __toPath } from 'node:url';
const ${ADDRESS} = (path) => new URL(path, import.meta.url);
const ${PLACE} = (path) => __toPath(${ADDRESS}(path));`;
const CHUNK = 'chunk-';

/** What the source of an entry is compiled to, without its ending; undefined for every other source. */
export function entryOutput(source) {
  const name = ENTRIES.find((entry) => source === join('src', `${entry}.ts`));
  return name && join('src', name + ENTRY);
}

/**
 * Bundles the programs whose compiled entries lie in `folder` (dist/src), and answers the files to write there by name:
 * the entries, then the chunks they share. Of our own code there is a map that leads to the sources.
 */
export async function bundle(folder) {
  const entries = ENTRIES.filter((name) => existsSync(join(folder, `${name}${ENTRY}.js`)));
  if (entries.length === 0) return new Map();
  const { rolldown } = await import('rolldown');
  const program = await rolldown({
    input: Object.fromEntries(entries.map((name) => [name, resolve(folder, `${name}${ENTRY}.js`)])),
    platform: 'node',
    external: (id) => !/^[./]|^[a-z]:\\/i.test(id) && !LIBRARIES.test(id),
    plugins: [compiledFiles(), ownAddresses(resolve(folder))],
    logLevel: 'silent', // of the libraries; what fails is thrown
  });
  const { output } = await program.generate({
    format: 'esm',
    dir: folder,
    intro: ADDRESSES,
    keepNames: true, // classes say their names: Nest, the migrations and the log read them
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

/** Removes the chunks in `folder` of which `isKept` says no. */
export function removeChunks(folder, isKept) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(CHUNK) && !isKept(name)) rmSync(join(folder, name), { force: true });
  }
}

/** Reads what was compiled together with its map, which leads on to the source. */
function compiledFiles() {
  return {
    name: 'compiled-files',
    load: {
      filter: { id: { include: /\.js$/, exclude: LIBRARY_FILES } },
      handler: (id) => ({ code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) }),
    },
  };
}

/** Leaves each module the address it had by itself: what lies beside it is found from the bundle too. */
function ownAddresses(folder) {
  return {
    name: 'own-addresses',
    transform: {
      filter: { id: /^[^\0]/, code: OWN_ADDRESS },
      handler: (code, id) => {
        const path = relative(folder, id).split(sep).join('/');
        const address = JSON.stringify(path);
        const place = JSON.stringify(dirname(path));
        return code
          .replaceAll('import.meta.url', `${ADDRESS}(${address}).href`)
          .replaceAll(/\b__filename\b/g, `${PLACE}(${address})`)
          .replaceAll(/\b__dirname\b/g, `${PLACE}(${place})`);
      },
    },
  };
}
