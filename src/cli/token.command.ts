import { Command, InvalidArgumentError } from 'commander';
import { mintToken } from './accounts.js';
import { withServices } from './services.js';
import { printError, print } from './terminal.js';

const MAX_SECONDS = 30 * 24 * 3600;

export function tokenCommand(): Command {
  const command = new Command('token');
  command
    .command('mint <user>')
    .description('prints an access token of a user (user name or email), for scripts or support')
    .option('--ttl <seconds>', 'how long it is valid, at most 30 days', toSeconds, 3600)
    .action(async (login: string, { ttl }: { ttl: number }) => {
      const { token, actor } = await withServices((app) => mintToken(app, login, ttl));
      print(token);
      printError(`Valid for ${ttl} s, or until its session ends: ${actor.sessionId}`);
    });
  return command;
}

function toSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^[1-9]\d*$/.test(text) || seconds > MAX_SECONDS) {
    throw new InvalidArgumentError(`must be a whole number from 1 to ${MAX_SECONDS}`);
  }
  return seconds;
}
