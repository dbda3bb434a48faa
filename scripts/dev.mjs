import { spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { build } from './build.mjs';

// Compiles changed files, restarts the server after each compilation, and checks types in parallel.
const SETTLE_MS = 50;

await build();
const node = (...args) => spawn(process.execPath, args, { stdio: 'inherit' });
const children = [
  node('--watch', '--watch-preserve-output', 'dist/src/main.js'),
  node('node_modules/typescript/bin/tsc', '--noEmit', '--watch', '--preserveWatchOutput'),
];

let building = Promise.resolve();
let settleTimer;
const rebuild = () => {
  building = building.then(() => build()).catch((error) => console.error(error.message));
};
for (const folder of ['src', 'migrations']) {
  watch(folder, { recursive: true }, () => {
    clearTimeout(settleTimer);
    settleTimer = setTimeout(rebuild, SETTLE_MS);
  });
}

const stop = (signal) => {
  for (const child of children) child.kill(signal);
};
process.on('SIGINT', () => stop('SIGINT'));
process.on('SIGTERM', () => stop('SIGTERM'));
let running = children.length;
for (const child of children) {
  child.on('exit', () => {
    stop('SIGTERM');
    running -= 1;
    if (running === 0) process.exit();
  });
}
