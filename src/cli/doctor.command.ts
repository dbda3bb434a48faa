import { statfs } from 'node:fs/promises';
import { Command } from 'commander';
import { processEnvironment, type Environment, readConfiguration } from '../platform/config/config.js';
import { type Finding, type Grade, type Check, fault, reasonOf, type Machine } from './doctor/finding.js';
import { CommandFailed, print, printJson } from './terminal.js';
import { RATE_LIMITS } from '../rate-limits.js';
import { settingProblems } from '../setting-checks.js';
import { readPackage } from '../platform/process/program-files.js';
import { checkDatabase } from './doctor/check-database.js';
import { checkDisk, checkNodeVersion, checkPort } from './doctor/check-machine.js';
import {
  checkFfmpeg,
  checkIdentityProvider,
  checkRedis,
  checkScanner,
  checkStorage,
} from './doctor/check-external-services.js';
import { checkOrigins, checkProxy, checkSecrets, findingsOf } from './doctor/check-settings.js';

const MARKS: Readonly<Record<Grade, string>> = { ok: '✓', warning: '!', fault: '✗' };

export function doctorCommand(): Command {
  return new Command('doctor').option('--json', 'as JSON').action(async ({ json }: { json?: boolean }) => {
    const findings = await runChecks(processEnvironment());
    const faults = findings.filter(({ grade }) => grade === 'fault').length;
    if (json) printJson({ ok: faults === 0, findings });
    else print(...findings.flatMap(describe));
    if (faults > 0) throw new CommandFailed(`${faults} of ${findings.length} checks found a fault.`);
  });
}

function describe({ grade, check, says, advice }: Finding): string[] {
  return [`${MARKS[grade]} ${check.padEnd(10)} ${says}`, ...(advice ? [`  → ${advice}`] : [])];
}

const CHECKS: readonly Check[] = [
  ...[checkNodeVersion, checkSecrets, checkOrigins, checkProxy, checkIdentityProvider],
  ...[checkDatabase, checkRedis, checkStorage, checkScanner, checkFfmpeg],
  ...[checkDisk, checkPort],
];

export function thisMachine(): Machine {
  return {
    nodeVersion: process.versions.node,
    nodeRequired: readPackage().engines.node,
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
export async function runChecks(environment: Environment, machine = thisMachine()): Promise<Finding[]> {
  const { values, problems: read } = readConfiguration(environment, RATE_LIMITS);
  const problems = [...read, ...(await settingProblems(values))];
  const isSkipped = ({ needs }: Check): boolean =>
    problems.some((problem) => needs.some((name) => problem.startsWith(name)));
  const results = CHECKS.filter((check) => !isSkipped(check)).map((check) =>
    check
      .run({ values, machine })
      .catch((error: unknown) => [
        fault('doctor', `a check failed: ${reasonOf(error)}`, 'This is a defect of Parley: please report it.'),
      ]),
  );
  return [...findingsOf(problems), ...(await Promise.all(results)).flat()];
}
