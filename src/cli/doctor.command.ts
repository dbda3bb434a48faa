import { Command } from 'commander';
import { processEnvironment } from '../platform/config/config.js';
import { examine } from './doctor/examine.js';
import type { Finding, Grade } from './doctor/finding.js';
import { CommandFailed, print, printJson } from './terminal.js';

const MARKS: Readonly<Record<Grade, string>> = { ok: '✓', warning: '!', fault: '✗' };

export function doctorCommand(): Command {
  return new Command('doctor').option('--json', 'as JSON').action(async ({ json }: { json?: boolean }) => {
    const findings = await examine(processEnvironment());
    const faults = findings.filter(({ grade }) => grade === 'fault').length;
    if (json) printJson({ ok: faults === 0, findings });
    else print(...findings.flatMap(describe));
    if (faults > 0) throw new CommandFailed(`${faults} of ${findings.length} checks found a fault.`);
  });
}

function describe({ grade, check, says, advice }: Finding): string[] {
  return [`${MARKS[grade]} ${check.padEnd(10)} ${says}`, ...(advice ? [`  → ${advice}`] : [])];
}
