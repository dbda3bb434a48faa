import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { type Check, fault, type Finding, ok, warning } from './finding.js';

const MIB = 1024 * 1024;
/** With less free space, PostgreSQL will soon stop accepting writes. */
const MIN_BYTES = 256 * MIB;
const MIN_SHARE = 0.05;
const RESPONSE_TIMEOUT_MS = 1500;

export const checkNodeVersion: Check = {
  needs: [],
  run: ({ machine: { nodeVersion, nodeRequired } }) => {
    const advice = `Install Node ${nodeRequired.replace('>=', '')} or later; an active LTS release is the best choice.`;
    const isEnough = compareVersions(nodeVersion, nodeRequired.replace('>=', '')) >= 0;
    return Promise.resolve([
      isEnough
        ? ok('node', nodeVersion)
        : fault('node', `${nodeVersion} is too old, ${nodeRequired} is required`, advice),
    ]);
  },
};

export const checkDisk: Check = {
  needs: ['DATA_DIR'],
  run: async ({ values, machine }) => {
    const { bytes, share } = await machine.freeSpace(nearestExistingDirectory(values.dataDir));
    const says = `${Math.round(bytes / MIB)} MiB free (${Math.round(share * 100)} %) on the disk of DATA_DIR`;
    const advice = `Make room on the disk of ${resolve(values.dataDir)}, or move DATA_DIR: a full disk stops every write.`;
    if (bytes < MIN_BYTES) return [fault('disk', says, advice)];
    return [share < MIN_SHARE ? warning('disk', says, advice) : ok('disk', says)];
  },
};

export const checkPort: Check = {
  needs: ['PORT', 'HOST'],
  run: async ({ values: { port, host } }) => [
    port === 0 ? ok('port', 'a free port is chosen') : await tryPort(port, host),
  ],
};

async function tryPort(port: number, host: string): Promise<Finding> {
  const code = await bindError(port, host);
  if (code === undefined) return ok('port', `${port} is free`);
  if (code === 'EADDRINUSE') {
    if (await isParley(port)) return ok('port', `a Parley server is running on ${port}`);
    const advice = `Stop that program (ss -ltnp "sport = :${port}" lists it), or set PORT to another port.`;
    return fault('port', `${port} is in use by another program`, advice);
  }
  if (code === 'EACCES') {
    const advice = 'Use a port from 1024 on, and a proxy on the lower port, or allow node to bind it.';
    return fault('port', `${port} may not be used by this account`, advice);
  }
  return fault('port', `${host}:${port} cannot be listened on (${code})`, 'Set HOST to an IP address of this machine.');
}

/** Listens on the port for a moment. Returns the code of the error, or undefined if there is none. */
function bindError(port: number, host: string): Promise<string | undefined> {
  return new Promise((done) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => done(error.code));
    probe.listen(port, host, () => probe.close(() => done(undefined)));
  });
}

async function isParley(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/livez`, {
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
    });
    return response.ok && ((await response.json()) as { status?: string }).status === 'ok';
  } catch {
    return false;
  }
}

/** Returns the directory, or its nearest parent that exists. */
export function nearestExistingDirectory(path: string): string {
  let directory = resolve(path);
  while (!existsSync(directory)) directory = dirname(directory);
  return directory;
}

function compareVersions(one: string, other: string): number {
  const [a, b] = [one, other].map((version) => version.replace(/^v/, '').split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (a![i] ?? 0) - (b![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
