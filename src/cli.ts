import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runCli } from './cli/program.js';

const exitCode = await runCli(process.argv.slice(2));
// Exits even if a command left something open, after its output has been written.
process.stdout.write('', () => process.exit(exitCode));
