import 'reflect-metadata';
import './platform/process/source-stacks.js';
import { runCli } from './cli/program.js';

const exitCode = await runCli(process.argv.slice(2));
// Whatever a command left open must not keep its terminal waiting; what it printed must be out first.
process.stdout.write('', () => process.exit(exitCode));
