import { spawn, spawnSync } from 'node:child_process';

// Compiles, then keeps compiling beside a server that restarts whenever what it runs has changed.
const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'];
const first = spawnSync(process.execPath, tsc, { stdio: 'inherit' });
if (first.status !== 0) process.exit(first.status ?? 1);

const children = [
  spawn(process.execPath, [...tsc, '--watch', '--preserveWatchOutput'], { stdio: 'inherit' }),
  spawn(process.execPath, ['--watch', '--enable-source-maps', 'dist/src/main.js'], { stdio: 'inherit' }),
];
const stop = (signal) => children.forEach((child) => child.kill(signal));
process.on('SIGINT', () => stop('SIGINT'));
process.on('SIGTERM', () => stop('SIGTERM'));
for (const child of children) child.on('exit', () => stop('SIGTERM'));
