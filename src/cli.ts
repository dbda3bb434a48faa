import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runCli } from './cli/run-cli.js';

void runCli(process.argv.slice(2)).then((exitCode) => {
  // Exits even if a command left something open, after its output has been written.
  process.stdout.write('', () => process.exit(exitCode));
});
