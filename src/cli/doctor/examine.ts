import { statfs } from 'node:fs/promises';
import { type Environment, readConfiguration } from '../../platform/config/config.js';
import { RATE_LIMITS } from '../../rate-limits.js';
import { settingProblems } from '../../setting-checks.js';
import { readPackage } from '../../platform/process/program-files.js';
import { checkDatabase } from './check-database.js';
import { checkDisk, checkNode, checkPort } from './check-machine.js';
import { checkIdentityProvider, checkRedis, checkScanner, checkStorage } from './check-neighbours.js';
import { checkOrigins, checkProxy, checkSecrets, findingsOf } from './check-settings.js';
import { type Check, fault, type Finding, reasonOf, type Surroundings } from './finding.js';

const CHECKS: readonly Check[] = [
  ...[checkNode, checkSecrets, checkOrigins, checkProxy, checkIdentityProvider],
  ...[checkDatabase, checkRedis, checkStorage, checkScanner],
  ...[checkDisk, checkPort],
];

/** The surroundings on this machine. */
export function ownSurroundings(): Surroundings {
  return {
    nodeVersion: process.versions.node,
    nodeWanted: readPackage().engines.node,
    now: Date.now,
    freeSpace: async (path) => {
      const { bavail, blocks, bsize } = await statfs(path);
      return { bytes: bavail * bsize, share: bavail / blocks };
    },
  };
}

/**
 * Checks everything a server needs. An invalid setting only skips the checks that need it; a check that fails is also a
 * finding.
 */
export async function examine(environment: Environment, surroundings = ownSurroundings()): Promise<Finding[]> {
  const { values, problems: read } = readConfiguration(environment, RATE_LIMITS);
  const problems = [...read, ...(await settingProblems(values))];
  const isSkipped = ({ needs }: Check): boolean =>
    problems.some((problem) => needs.some((name) => problem.startsWith(name)));
  const results = CHECKS.filter((check) => !isSkipped(check)).map((check) =>
    check
      .run({ values, surroundings })
      .catch((error: unknown) => [
        fault('doctor', `a check failed: ${reasonOf(error)}`, 'This is a defect of Parley: please report it.'),
      ]),
  );
  return [...findingsOf(problems), ...(await Promise.all(results)).flat()];
}
