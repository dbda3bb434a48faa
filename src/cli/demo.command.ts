import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';
import type { Config } from '../platform/config/config.js';
import { mintToken, newPassword } from './accounts.js';
import { linesToTry } from './demo/lines-to-try.js';
import { removeWorld } from './demo/remove-world.js';
import { type SeededWorld, WorldSeed } from './demo/seed-world.js';
import { DEMO_PEOPLE } from './demo/world.js';
import { withProgram, withServices } from './services.js';
import { printError, print, table } from './terminal.js';

const TOKEN_SECONDS = 3600;

interface SeedOptions {
  readonly password?: string;
  readonly url?: string;
}

export function demoCommand(): Command {
  const command = new Command('demo');
  command
    .command('seed')
    .description('creates the demo data, or what is missing of it, and prints commands to try')
    .option('--password <password>', 'password of the demo users; if omitted, generated and printed once')
    .option('--url <url>', 'URL of the server; if omitted, PUBLIC_URL or this machine')
    .action((options: SeedOptions) => withProgram((app, config) => seed(app, config, options)));
  command
    .command('reset')
    .description('removes the demo data, and nothing else')
    .action(async () => {
      const { users, conversations, files, kept } = await withServices((app) => removeWorld(app));
      print(`Removed: ${users} users, ${conversations} conversations, ${files} files.`);
      if (kept.length > 0)
        printError(`Not removed, since they participate in other conversations: ${kept.join(', ')}.`);
    });
  return command;
}

async function seed(app: INestApplicationContext, config: Config, { password, url }: SeedOptions): Promise<void> {
  const given = password ?? newPassword();
  const world = await new WorldSeed(app, given).plant();
  print(...describe(world, password === undefined ? given : undefined));
  if (world.newUsers < world.users) printError('Demo users that already existed keep their password.');
  const names = DEMO_PEOPLE.slice(0, 2).map(({ username }) => username);
  const speakers = await Promise.all(
    names.map(async (username) => ({ username, token: (await mintToken(app, username, TOKEN_SECONDS)).token })),
  );
  const serverUrl = new URL(url ?? config.publicUrl ?? `http://localhost:${config.port}`).origin;
  print(linesToTry(serverUrl, speakers, world.lobbyId));
}

function describe(world: SeededWorld, generatedPassword: string | undefined): string[] {
  return table([
    ['Users', DEMO_PEOPLE.map(({ username }) => username).join(', ')],
    ['Conversations', String(world.conversations)],
    ['Messages', String(world.messages)],
    ...(world.newUsers > 0 && generatedPassword !== undefined ? [['Password', generatedPassword]] : []),
  ]);
}
