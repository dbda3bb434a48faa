const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

// Loads the chunks of the bundle, which are beside this file, with their code caches: V8 does not compile again what was
// compiled when the cache was written. See docs/decisions/0017-the-program-is-bundled.md.
//   node load-chunk.cjs CHUNK…   loads the chunks and writes the code cache of each file that they load

const WRAPPER = ["(function (exports, require, module, __dirname, __load) { 'use strict'; ", '\n})'];
/** The loaded chunks by their names. */
const loaded = new Map();

/** Returns the exports of a chunk, which is run when it is first loaded. */
function loadChunk(name) {
  if (loaded.has(name)) return loaded.get(name).exports;
  const chunk = { exports: {} };
  loaded.set(name, chunk);
  const file = join(__dirname, name);
  const cache = cacheOf(name);
  chunk.script = new Script(WRAPPER.join(readFileSync(file, 'utf8')), {
    filename: pathToFileURL(file).href,
    columnOffset: -WRAPPER[0].length,
    cachedData: existsSync(cache) ? readFileSync(cache) : undefined, // V8 ignores a cache that does not fit
  });
  const requireFile = createRequire(file);
  const require = (id) => (id.startsWith('./') ? loadChunk(id.slice(2)) : requireFile(id));
  try {
    chunk.script.runInThisContext()(chunk.exports, Object.assign(require, requireFile), chunk, __dirname, importFile);
  } catch (error) {
    loaded.delete(name);
    throw error;
  }
  return chunk.exports;
}

function importFile(specifier) {
  return import(specifier);
}

/** A code cache fits one version of V8 and one kind of processor. */
function cacheOf(name) {
  return join(__dirname, `${name}.${process.version}-${process.arch}.cache`);
}

module.exports = { loadChunk };

if (require.main === module) {
  process.argv.slice(2).forEach(loadChunk);
  for (const [name, { script }] of loaded) writeFileSync(cacheOf(name), script.createCachedData());
  process.exit();
}
