import { Command } from 'commander';
import { createAccount, newPassword } from './accounts.js';
import { withServices } from './services.js';
import { printError, print } from './terminal.js';

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
    .action(async ({ password, ...applicant }: Options) => {
      const given = password ?? newPassword();
      const admin = await withServices((app) => createAccount(app, { ...applicant, password: given }, 'admin'));
      print(`${admin.username} <${admin.email}> is an admin.`);
      if (password === undefined) {
        print(`password: ${given}`);
        printError('It is printed only now and stored nowhere in plain text.');
      }
    });
  return command;
}
