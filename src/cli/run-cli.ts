import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../platform/config/config.js';
import { AppError } from '../platform/errors/app-error.js';
import { readPackage } from '../platform/process/program-files.js';
import { CommandFailed, printToStderr } from './terminal.js';

interface NamedCommand {
  readonly description: string;
  /** Loads the command only when it is run: most commands need the whole program, which takes a second to load. */
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, NamedCommand>> = {
  doctor: {
    description: 'checks everything a server needs and gives advice; exit code 1 if there is a fault',
    load: async () => (await import('./doctor.command.js')).doctorCommand(),
  },
  config: {
    description: 'the settings of the environment, validated as when the server starts',
    load: async () => (await import('./config.command.js')).configCommand(),
  },
  db: {
    description: 'the database: its schema, and backups of everything',
    load: async () => (await import('./db.command.js')).dbCommand(),
  },
  admin: {
    description: 'accounts of administrators',
    load: async () => (await import('./accounts.command.js')).adminCommand(),
  },
  token: { description: 'access tokens', load: async () => (await import('./accounts.command.js')).tokenCommand() },
  keys: {
    description: 'server keys of the host’s backend',
    load: async () => (await import('./keys.command.js')).keysCommand(),
  },
  demo: {
    description: 'demo data: users, rooms, direct conversations, files',
    load: async () => (await import('./demo.command.js')).demoCommand(),
  },
  spec: {
    description: 'the API documents for client developers, as JSON',
    load: async () => (await import('./spec.command.js')).specCommand(),
  },
  webhooks: {
    description: 'a webhook receiver for development',
    load: async () => (await import('./webhooks.command.js')).webhooksCommand(),
  },
  monitoring: {
    description: 'the health and the statistics of a running server',
    load: async () => (await import('./monitoring.command.js')).monitoringCommand(),
  },
  'performance-metrics': {
    description: 'latencies and load of a running server',
    load: async () => (await import('./monitoring.command.js')).performanceMetricsCommand(),
  },
  'websocket-analytics': {
    description: 'the open connections of a running server',
    load: async () => (await import('./monitoring.command.js')).websocketAnalyticsCommand(),
  },
  tests: {
    description: 'runs the tests of the program; needs a checkout, since the image does not contain them',
    load: async () => (await import('./tests.command.js')).testsCommand(),
  },
};

/**
 * Creates the command line, which uses the same configuration, database and services as the server, whether that is
 * running or not. Only the named command is loaded; the others only have a name and a description.
 */
async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command('parley')
    .description('Manages a Parley server. Reads the same environment and .env as npm start.')
    .version(readPackage().version)
    .showHelpAfterError('(--help lists the commands)');
  for (const [known, { description, load }] of Object.entries(COMMANDS)) {
    const command = known === name ? await load() : new Command(known);
    program.addCommand(command.description(description));
  }
  return program;
}

/** Runs one command line and returns the exit code: 0 success, 1 a failure or a detected problem, 2 invalid usage. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = await createProgram(args[0] === 'help' ? args[1] : args[0]);
  for (const command of everyCommand(program)) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printToStderr(describeError(error));
    return 1;
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap((child) => everyCommand(child))];
}

/** Describes an expected error in one line; any other error is a defect and is printed with its stack. */
function describeError(error: unknown): string {
  if (error instanceof CommandFailed || error instanceof ConfigurationError) return error.message;
  if (error instanceof AppError) {
    const cause = error.cause instanceof Error ? ` (${error.cause.message})` : '';
    const problems = Object.keys(error.details).length > 0 ? ` ${JSON.stringify(error.details)}` : '';
    return `${error.message}${problems}${cause}`;
  }
  const { code, address, port } = error as { code?: string; address?: string; port?: number };
  if (code === 'ECONNREFUSED') return `Nothing listens at ${address ?? 'the given URL'}${port ? `:${port}` : ''}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
