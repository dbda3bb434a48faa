import { Command, InvalidArgumentError } from 'commander';
import { createAccount, generatePassword, mintToken } from './accounts.js';
import { withServices } from './services.js';
import { printToStderr, print } from './terminal.js';

interface Options {
  readonly username: string;
  readonly email: string;
  readonly displayName?: string;
  readonly password?: string;
}

export function adminCommand(): Command {
  const command = new Command('admin');
  command
    .command('create')
    .description('creates an admin; without a given password, one is generated and printed once')
    .requiredOption('--username <name>', 'user name of the admin, for login')
    .requiredOption('--email <email>', 'email of the admin, for login')
    .option('--display-name <name>', 'name that other users see')
    .option('--password <password>', 'better omitted: it would be stored in the history of the shell')
    .action(async ({ password, ...account }: Options) => {
      const effectivePassword = password ?? generatePassword();
      const options = { ...account, password: effectivePassword };
      const admin = await withServices((app) => createAccount(app, options, 'admin'));
      print(`${admin.username} <${admin.email}> is an admin.`);
      if (password === undefined) {
        print(`password: ${effectivePassword}`);
        printToStderr('It is printed only now and stored nowhere in plain text.');
      }
    });
  return command;
}

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
      printToStderr(`Valid for ${ttl} s, or until its session ends: ${actor.sessionId}`);
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
