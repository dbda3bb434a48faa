import { spawnSync } from 'node:child_process';

const TIMEOUT_MS = 60_000;
/** They are to lie there, not to run: tests start their own. */
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const OPTIONS = ['Acquire::Retries=0', 'Acquire::http::Timeout=10', 'Acquire::https::Timeout=10'];
/** Debian's packages, by the program that tests start. */
const PACKAGES = { 'redis-server': 'redis-server', prometheus: 'prometheus', haproxy: 'haproxy' };

/** Each of them answers one of the two. */
function isThere(program) {
  return ['--version', '-v'].some((flag) => spawnSync(program, [flag], { stdio: 'ignore' }).status === 0);
}

/** What is missing of them, where we may: tests that need one are skipped otherwise, and named at the end. */
export function installNeighbours() {
  if (process.getuid?.() !== 0) return;
  for (const [program, name] of Object.entries(PACKAGES)) {
    if (isThere(program)) continue;
    const options = OPTIONS.flatMap((option) => ['-o', option]);
    spawnSync('apt-get', ['-qq', ...options, 'install', '-y', '--no-install-recommends', name], {
      env: ENVIRONMENT,
      stdio: 'ignore',
      timeout: TIMEOUT_MS,
    });
  }
}
