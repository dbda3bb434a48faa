import { Command, CommanderError } from 'commander';
import { ConfigurationError } from '../platform/config/config.js';
import { AppError } from '../platform/errors/app-error.js';
import { readPackage } from '../platform/process/program-files.js';
import { CommandFailed, printError } from './terminal.js';

interface NamedCommand {
  readonly description: string;
  /** Loaded when it is asked for: most commands need the whole program, which takes a second to load. */
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, NamedCommand>> = {
  doctor: {
    description: 'checks everything a server needs and names what to do; exit code 1 when something is wrong',
    load: async () => (await import('./doctor.command.js')).doctorCommand(),
  },
  config: {
    description: 'the settings of the environment, checked as at a start',
    load: async () => (await import('./config.command.js')).configCommand(),
  },
  db: {
    description: 'the database: its schema, and backups of everything',
    load: async () => (await import('./db.command.js')).dbCommand(),
  },
  admin: {
    description: 'accounts of administrators',
    load: async () => (await import('./admin.command.js')).adminCommand(),
  },
  token: { description: 'access tokens', load: async () => (await import('./token.command.js')).tokenCommand() },
  demo: {
    description: 'a small demonstration world: people, rooms, chats, files',
    load: async () => (await import('./demo.command.js')).demoCommand(),
  },
  spec: {
    description: 'the documents that clients are written against, as JSON',
    load: async () => (await import('./spec.command.js')).specCommand(),
  },
  webhooks: {
    description: 'a receiver of webhooks, for development',
    load: async () => (await import('./webhooks.command.js')).webhooksCommand(),
  },
  monitoring: {
    description: 'the health and the numbers of a running server',
    load: async () => (await import('./monitoring.command.js')).monitoringCommand(),
  },
  'performance-metrics': {
    description: 'how fast a running server is',
    load: async () => (await import('./monitoring.command.js')).performanceMetricsCommand(),
  },
  'websocket-analytics': {
    description: 'the open connections of a running server',
    load: async () => (await import('./monitoring.command.js')).websocketAnalyticsCommand(),
  },
  tests: {
    description: 'runs the tests of the program; needs a checkout, they are not in the image',
    load: async () => (await import('./tests.command.js')).testsCommand(),
  },
};

/**
 * The command line: the same configuration, database and services as the server, beside it or without it. The command
 * that is named is loaded; of the others there are the name and the description.
 */
async function createProgram(name: string | undefined): Promise<Command> {
  const program = new Command('parley')
    .description('Looks after a Parley server. Reads the same environment and .env as npm start.')
    .version(readPackage().version)
    .showHelpAfterError('(--help lists the commands)');
  for (const [known, { description, load }] of Object.entries(COMMANDS)) {
    const command = known === name ? await load() : new Command(known);
    program.addCommand(command.description(description));
  }
  return program;
}

/** Runs one command line and answers the exit code: 0 done, 1 not done or not well, 2 not understood. */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = await createProgram(args[0] === 'help' ? args[1] : args[0]);
  for (const command of everyCommand(program)) command.exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    printError(wordsFor(error));
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
  if (code === 'ECONNREFUSED') return `Nothing answers at ${address ?? 'the address'}${port ? `:${port}` : ''}.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
