import { spawnSync } from 'node:child_process';

const TIMEOUT_MS = 60_000;
/** They are installed but not started: tests start their own. */
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const OPTIONS = ['Acquire::Retries=0', 'Acquire::http::Timeout=10', 'Acquire::https::Timeout=10'];
/** The Debian packages that tests need, each with a command that succeeds where they are installed. */
const PACKAGES = [
  { packages: ['redis-server'], test: ['redis-server', '--version'] },
  { packages: ['prometheus'], test: ['prometheus', '--version'] },
  { packages: ['ffmpeg'], test: ['ffmpeg', '-version'] },
  { packages: ['haproxy'], test: ['haproxy', '-v'] },
  { packages: ['python3-requests', 'python3-jwt'], test: ['/usr/bin/python3', '-c', 'import requests, jwt'] },
];

function isThere([program, ...args]) {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

/**
 * Installs missing packages, with sufficient privileges: otherwise tests that need one are skipped, and reported at the
 * end.
 */
export function installNeighbours() {
  if (process.getuid?.() !== 0) return;
  for (const { packages, test } of PACKAGES) {
    if (isThere(test)) continue;
    const options = OPTIONS.flatMap((option) => ['-o', option]);
    spawnSync('apt-get', ['-qq', ...options, 'install', '-y', '--no-install-recommends', ...packages], {
      env: ENVIRONMENT,
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
    });
  }
}
