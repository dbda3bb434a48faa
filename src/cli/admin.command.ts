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
    .description('makes an admin; a password that is not given is made up and shown once')
    .requiredOption('--username <name>', 'what the admin logs in with')
    .requiredOption('--email <address>', 'or with this')
    .option('--display-name <name>', 'what others see')
    .option('--password <password>', 'better left out: what is typed here stays in the history of the shell')
    .action(async ({ password, ...applicant }: Options) => {
      const given = password ?? newPassword();
      const admin = await withServices((app) => createAccount(app, { ...applicant, password: given }, 'admin'));
      print(`${admin.username} <${admin.email}> is an admin.`);
      if (password === undefined) {
        print(`password: ${given}`);
        printError('It is shown only now, and kept nowhere.');
      }
    });
  return command;
}
