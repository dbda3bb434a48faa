import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';
import type { Config } from '../platform/config/config.js';
import { mintToken, generatePassword } from './accounts.js';
import { removeDemoData } from './demo/remove-demo-data.js';
import { type SeededDemoData, DemoSeeder } from './demo/seed-demo-data.js';
import { DEMO_USERS } from './demo/demo-data.js';
import { withRunningServices, withServices } from './services.js';
import { printToStderr, print, table } from './terminal.js';

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
    .action((options: SeedOptions) => withRunningServices((app, config) => seed(app, config, options)));
  command
    .command('reset')
    .description('removes the demo data, and nothing else')
    .action(async () => {
      const { users, conversations, files, kept } = await withServices((app) => removeDemoData(app));
      print(`Removed: ${users} users, ${conversations} conversations, ${files} files.`);
      if (kept.length > 0)
        printToStderr(`Not removed, since they participate in other conversations: ${kept.join(', ')}.`);
    });
  return command;
}

async function seed(app: INestApplicationContext, config: Config, { password, url }: SeedOptions): Promise<void> {
  const effectivePassword = password ?? generatePassword();
  const data = await new DemoSeeder(app, effectivePassword).seed();
  print(...describe(data, password === undefined ? effectivePassword : undefined));
  if (data.newUsers < data.users) printToStderr('Demo users that already existed keep their password.');
  const names = DEMO_USERS.slice(0, 2).map(({ username }) => username);
  const tokens = await Promise.all(
    names.map(async (username) => ({ username, token: (await mintToken(app, username, TOKEN_SECONDS)).token })),
  );
  const serverUrl = new URL(url ?? config.publicUrl ?? `http://localhost:${config.port}`).origin;
  print(exampleCommands(serverUrl, tokens, data.lobbyId));
}

function describe(data: SeededDemoData, generatedPassword: string | undefined): string[] {
  return table([
    ['Users', DEMO_USERS.map(({ username }) => username).join(', ')],
    ['Conversations', String(data.conversations)],
    ['Messages', String(data.messages)],
    ...(data.newUsers > 0 && generatedPassword !== undefined ? [['Password', generatedPassword]] : []),
  ]);
}

/** A demo user with a token. */
interface DemoUserToken {
  readonly username: string;
  readonly token: string;
}

/**
 * Returns commands for a shell in the directory of the program, while a server runs at `url`: two users write to
 * `conversation` over REST, plain WebSocket and Socket.IO. Each command works as it is printed.
 */
function exampleCommands(url: string, [one, other]: readonly DemoUserToken[], conversation: string): string {
  const socketUrl = `${url.replace(/^http/, 'ws')}/api/v1/realtime`;
  const [first, second] = [variable(one!), variable(other!)];
  const message = `'{"content":"Hello over REST","client_message_id":"rest-'$(date +%s)'"}'`;
  return `
# First, in every shell (the tokens are valid for an hour; npm run demo prints new ones):
API=${url}/api/v1
CONVERSATION=${conversation}
${first}=${one!.token}
${second}=${other!.token}

# REST: ${one!.username} writes, ${other!.username} reads
curl -s -H "authorization: Bearer $${first}" -H 'content-type: application/json' $API/conversations/$CONVERSATION/messages -d ${message}; echo
curl -s -H "authorization: Bearer $${second}" "$API/conversations/$CONVERSATION/messages?limit=5"; echo

# Plain WebSocket: ${other!.username} listens until Ctrl-C (in a second shell)
TOKEN=$${second} node -e 'const { WebSocket } = require("ws"); new WebSocket("${socketUrl}", { headers: { authorization: "Bearer " + process.env.TOKEN } }).on("message", (frame) => console.log(String(frame)))'

# Plain WebSocket: ${one!.username} writes, and prints the reply
TOKEN=$${first} CONVERSATION=$CONVERSATION node -e 'const { WebSocket } = require("ws"); const socket = new WebSocket("${socketUrl}", { headers: { authorization: "Bearer " + process.env.TOKEN } }); socket.on("message", (text) => { const frame = JSON.parse(text); if (frame.type === "live") socket.send(JSON.stringify({ type: "message.send", id: "1", data: { conversation_id: process.env.CONVERSATION, content: "Hello over WebSocket" } })); if (frame.type === "reply") { console.log(frame); socket.close(); } })'

# Socket.IO: ${other!.username} writes, prints the acknowledgement and every message for ten seconds
TOKEN=$${second} CONVERSATION=$CONVERSATION node -e 'const { io } = require("socket.io-client"); const socket = io("${url}", { transports: ["websocket"], auth: { token: process.env.TOKEN } }); socket.on("message.created", ({ seq, data }) => console.log(seq, data.message.sender_name + ":", data.message.content)); socket.on("live", () => socket.emit("message.send", { conversation_id: process.env.CONVERSATION, content: "Hello over Socket.IO" }, (reply) => console.log(reply.ok ? "stored as " + reply.data.message.sequence_number : reply.error))); setTimeout(() => socket.close(), 10000)'`;
}

/** The name of the shell variable with a user's token: `demo-mira` is MIRA. */
function variable({ username }: DemoUserToken): string {
  return username.slice(username.indexOf('-') + 1).toUpperCase();
}
