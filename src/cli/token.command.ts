import { Command, InvalidArgumentError } from 'commander';
import { mintToken } from './accounts.js';
import { withServices } from './services.js';
import { printError, print } from './terminal.js';

const MOST_SECONDS = 30 * 24 * 3600;

export function tokenCommand(): Command {
  const command = new Command('token');
  command
    .command('mint <user>')
    .description('prints a token that speaks for a user (name or e-mail address), for scripts and a look at their side')
    .option('--ttl <seconds>', 'how long it is good, at most 30 days', toSeconds, 3600)
    .action(async (login: string, { ttl }: { ttl: number }) => {
      const { token, actor } = await withServices((app) => mintToken(app, login, ttl));
      print(token);
      printError(`Good for ${ttl} s. It ends at once when its session does: ${actor.sessionId}`);
    });
  return command;
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[1-9]\d*$/.test(text) || seconds > MOST_SECONDS) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${MOST_SECONDS}`);
  }
  return seconds;
}
