import { Command } from 'commander';
import { newPassword } from './accounts.js';
import { removeWorld } from './demo/remove-world.js';
import { WorldSeed } from './demo/seed-world.js';
import { DEMO_PEOPLE } from './demo/world.js';
import { withProgram, withServices } from './services.js';
import { note, print, table } from './terminal.js';

export function demoCommand(): Command {
  const command = new Command('demo').description('a small world to look at: people, rooms, chats, files');
  command
    .command('seed')
    .description('makes it, or what is missing of it')
    .option('--password <password>', 'what its people log in with; made up and shown once when left out')
    .action(async ({ password }: { password?: string }) => {
      const given = password ?? newPassword();
      const world = await withProgram((app) => new WorldSeed(app, given).plant());
      print(
        ...table([
          ['People', DEMO_PEOPLE.map(({ username }) => username).join(', ')],
          ['Conversations', String(world.conversations)],
          ['Messages', String(world.messages)],
          ...(world.newPeople > 0 && password === undefined ? [['Password', given]] : []),
        ]),
      );
      if (world.newPeople < world.people) note('Who was there already keeps the password of before.');
    });
  command
    .command('reset')
    .description('takes it away again, and nothing else')
    .action(async () => {
      const { users, conversations, files, kept } = await withServices((app) => removeWorld(app));
      print(`Removed: ${users} people, ${conversations} conversations, ${files} files.`);
      if (kept.length > 0) note(`Kept, for they take part in conversations of others: ${kept.join(', ')}.`);
    });
  return command;
}
