import { spawnSync } from 'node:child_process';

const TIMEOUT_MS = 60_000;
/** They are installed but not started: tests start their own. */
const ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
const OPTIONS = ['Acquire::Retries=0', 'Acquire::http::Timeout=10', 'Acquire::https::Timeout=10'];
/** The Debian packages, by the program that tests start. */
const PACKAGES = { 'redis-server': 'redis-server', prometheus: 'prometheus', haproxy: 'haproxy' };

/** Each of them supports one of the two options. */
function isThere(program) {
  return ['--version', '-v'].some((flag) => spawnSync(program, [flag], { stdio: 'ignore' }).status === 0);
}

/**
 * Installs missing programs, with sufficient privileges: otherwise tests that need one are skipped, and reported at the
 * end.
 */
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
