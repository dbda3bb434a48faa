import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { programDirectory } from '../platform/process/program-files.js';
import { CommandFailed, printToStderr } from './terminal.js';

interface Options {
  readonly verbose?: boolean;
  readonly report?: boolean;
  readonly coverage?: boolean;
}

const REPORT = 'test-report.json';

export function testsCommand(): Command {
  return new Command('tests')
    .argument('[names...]', 'only files whose path contains one of these')
    .option('--verbose', 'lists every test')
    .option('--report', `writes ${REPORT}`)
    .option('--coverage', 'measures the coverage')
    .action(async (names: string[], { verbose, report, coverage }: Options) => {
      const folder = programDirectory();
      const jest = join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
      if (!existsSync(jest) || !existsSync(join(folder, 'test'))) {
        throw new CommandFailed('The tests are not installed: run this in a checkout, after npm ci.');
      }
      const args = [
        ...(verbose ? ['--verbose'] : []),
        ...(report ? ['--json', `--outputFile=${REPORT}`] : []),
        ...(coverage ? ['--coverage'] : []),
        ...names,
      ];
      const run = spawn(process.execPath, [jest, ...args], { cwd: folder, stdio: ['inherit', 'inherit', 'inherit'] });
      const [exitCode] = (await once(run, 'exit')) as [number | null];
      if (report) printToStderr(`${REPORT} is in ${folder}.`);
      if (exitCode !== 0) throw new CommandFailed('Some tests failed.');
    });
}
