import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../platform/config/config.js';
import { AppError } from '../platform/errors/app-error.js';
import { adminCommand } from './admin.command.js';
import { configCommand } from './config.command.js';
import { dbCommand } from './db.command.js';
import { demoCommand } from './demo.command.js';
import { doctorCommand } from './doctor.command.js';
import { readPackage } from '../platform/process/program-files.js';
import { monitoringCommand, performanceMetricsCommand, websocketAnalyticsCommand } from './monitoring.command.js';
import { specCommand } from './spec.command.js';
import { CommandFailed, note } from './terminal.js';
import { testsCommand } from './tests.command.js';
import { tokenCommand } from './token.command.js';
import { webhooksCommand } from './webhooks.command.js';

/** The command line: the same configuration, database and services as the server, beside it or without it. */
export function createProgram(): Command {
  return new Command('parley')
    .description('Looks after a Parley server. Reads the same environment and .env as npm start.')
    .version(readPackage().version)
    .showHelpAfterError('(--help shows what there is)')
    .addCommand(doctorCommand())
    .addCommand(configCommand())
    .addCommand(dbCommand())
    .addCommand(adminCommand())
    .addCommand(tokenCommand())
    .addCommand(demoCommand())
    .addCommand(specCommand())
    .addCommand(webhooksCommand())
    .addCommand(monitoringCommand())
    .addCommand(performanceMetricsCommand())
    .addCommand(websocketAnalyticsCommand())
    .addCommand(testsCommand());
}

/** Runs one command line and answers the exit code: 0 done, 1 not done or not well, 2 not understood. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = createProgram();
  for (const command of everyCommand(program)) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    note(wordsFor(error));
    return 1;
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))];
}

/** What was expected to go wrong is said in a line; anything else is a fault of ours, with its stack. */
function wordsFor(error: unknown): string {
  if (error instanceof CommandFailed || error instanceof ConfigurationError) return error.message;
  if (error instanceof AppError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    const problems = Object.keys(error.details).length > 0 ? ` ${JSON.stringify(error.details)}` : '';
    return `${error.message}${problems}${cause}`;
  }
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code === 'ECONNREFUSED') return `Nobody answers at ${address ?? 'the address'}${port ? `:${port}` : ''}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
