import { spawnSync } from 'node:child_process';

const TIMEOUT_MS = 60_000;
/** It is to lie there, not to run: tests start their own. */
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };

/** Debian's redis-server, where it is missing and we may: what needs one is skipped otherwise, and named at the end. */
export function installRedis() {
  if (spawnSync('redis-server', ['--version']).status === 0 || process.getuid?.() !== 0) return;
  const options = [
    '-qq',
    '-o',
    'Acquire::Retries=0',
    '-o',
    'Acquire::http::Timeout=10',
    '-o',
    'Acquire::https::Timeout=10',
  ];
  spawnSync('apt-get', [...options, 'install', '-y', '--no-install-recommends', 'redis-server'], {
    env: ENVIRONMENT,
    stdio: 'ignore',
    timeout: TIMEOUT_MS,
  });
}
