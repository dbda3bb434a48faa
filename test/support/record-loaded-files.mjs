import { appendFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Writes the name of each file that a process loads into the file LOADED_FILES: NODE_OPTIONS="--import=…/this file". A
// hook with its own thread records the modules, and the end of the process those that CommonJS has required.
const record = (files) => appendFileSync(process.env.LOADED_FILES, files.map((file) => `${file}\n`).join(''));

export function load(url, context, next) {
  record([url]);
  return next(url, context);
}

if (isMainThread) {
  register(import.meta.url);
  process.on('exit', () => record(Object.keys(createRequire(import.meta.url).cache)));
}
