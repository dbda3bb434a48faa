import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../platform/config/config.js';
import { AppError } from '../platform/errors/app-error.js';
import { readPackage } from '../platform/process/program-files.js';
import { CommandFailed, note } from './terminal.js';

/** Each is loaded when it is asked for: most need the whole program, which takes a second to load. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  doctor: async () => (await import('./doctor.command.js')).doctorCommand(),
  config: async () => (await import('./config.command.js')).configCommand(),
  db: async () => (await import('./db.command.js')).dbCommand(),
  admin: async () => (await import('./admin.command.js')).adminCommand(),
  token: async () => (await import('./token.command.js')).tokenCommand(),
  demo: async () => (await import('./demo.command.js')).demoCommand(),
  spec: async () => (await import('./spec.command.js')).specCommand(),
  webhooks: async () => (await import('./webhooks.command.js')).webhooksCommand(),
  monitoring: async () => (await import('./monitoring.command.js')).monitoringCommand(),
  'performance-metrics': async () => (await import('./monitoring.command.js')).performanceMetricsCommand(),
  'websocket-analytics': async () => (await import('./monitoring.command.js')).websocketAnalyticsCommand(),
  tests: async () => (await import('./tests.command.js')).testsCommand(),
};

/**
 * The command line: the same configuration, database and services as the server, beside it or without it. Of the
 * commands it has the one that is named, or all of them where none is.
 */
async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command('parley')
    .description('Looks after a Parley server. Reads the same environment and .env as npm start.')
    .version(readPackage().version)
    .showHelpAfterError('(--help shows what there is)');
  const named = Object.hasOwn(COMMANDS, name ?? '') ? [COMMANDS[name!]!] : Object.values(COMMANDS);
  for (const load of named) program.addCommand(await load());
  return program;
}

/** Runs one command line and answers the exit code: 0 done, 1 not done or not well, 2 not understood. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = await createProgram(args[0]);
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
