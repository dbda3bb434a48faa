/** `npm run demo`: alice, bob, carol and a conversation on a running server, and lines to try. */
import { parseArgs } from 'node:util';
import { processEnvironment, readConfiguration } from '../../src/platform/config/config.js';
import { Api, ApiError } from './api.js';
import { makeConversation, makePeople, type Person } from './cast.js';

const USAGE = 'npm run demo -- [--url http://127.0.0.1:3000]';
/** Where `npm start` with the same environment and `.env` listens. */
const OWN_SERVER = `http://127.0.0.1:${readConfiguration(processEnvironment()).values.port}`;

/** Lines for a shell in this directory; every one of them works as it is printed. */
function lines(url: string, people: readonly Person[], conversation: string): string {
  const socketUrl = `${url.replace(/^http/, 'ws')}/api/v1/realtime`;
  const names = people.map(({ username }) => username.toUpperCase());
  const message = `'{"content":"Hello over REST","client_message_id":"rest-'$(date +%s)'"}'`;
  return `
${people.map(({ username, password, id }) => `${username.padEnd(6)} password ${password}  id ${id}`).join('\n')}
Tokens work for an hour; npm run demo again gives new ones.

# First, in every shell:
API=${url}/api/v1
CONVERSATION=${conversation}
${people.map(({ token }, index) => `${names[index]}=${token}`).join('\n')}

# REST: Alice writes, Bob reads
curl -s -H "authorization: Bearer $ALICE" -H 'content-type: application/json' $API/conversations/$CONVERSATION/messages -d ${message}; echo
curl -s -H "authorization: Bearer $BOB" "$API/conversations/$CONVERSATION/messages?limit=5"; echo
curl -s -H "authorization: Bearer $CAROL" $API/conversations; echo

# Plain WebSocket: Bob listens until Ctrl-C (in a second shell)
TOKEN=$BOB node -e 'const { WebSocket } = require("ws"); new WebSocket("${socketUrl}", { headers: { authorization: "Bearer " + process.env.TOKEN } }).on("message", (frame) => console.log(String(frame)))'

# Plain WebSocket: Alice writes, and prints the reply
TOKEN=$ALICE CONVERSATION=$CONVERSATION node -e 'const { WebSocket } = require("ws"); const socket = new WebSocket("${socketUrl}", { headers: { authorization: "Bearer " + process.env.TOKEN } }); socket.on("message", (text) => { const frame = JSON.parse(text); if (frame.type === "live") socket.send(JSON.stringify({ type: "message.send", id: "1", data: { conversation_id: process.env.CONVERSATION, content: "Hello over WebSocket" } })); if (frame.type === "reply") { console.log(frame); socket.close(); } })'

# Socket.IO: Carol writes, prints the acknowledgement and every message for ten seconds
TOKEN=$CAROL CONVERSATION=$CONVERSATION node -e 'const { io } = require("socket.io-client"); const socket = io("${url}", { auth: { token: process.env.TOKEN } }); socket.on("message.created", ({ seq, data }) => console.log(seq, data.message.sender_name + ":", data.message.content)); socket.on("live", () => socket.emit("message.send", { conversation_id: process.env.CONVERSATION, content: "Hello over Socket.IO" }, (reply) => console.log(reply.ok ? "stored as " + reply.data.message.sequence_number : reply.error))); setTimeout(() => socket.close(), 10000)'
`;
}

async function run(url: string): Promise<void> {
  const api = new Api(url);
  const people = await makePeople(api);
  const conversation = await makeConversation(api, people);
  process.stdout.write(lines(url, people, conversation));
}

function readUrl(): string {
  try {
    const { values } = parseArgs({ options: { url: { type: 'string', default: OWN_SERVER } } });
    return new URL(values.url).origin;
  } catch {
    process.stderr.write(`${USAGE}\n`);
    process.exit(2);
  }
}

const url = readUrl();
try {
  await run(url);
} catch (error) {
  const reason =
    error instanceof ApiError
      ? `the server at ${url} said: ${error.message} (${error.code})`
      : error instanceof TypeError
        ? `no server answers at ${url}: start one with npm start, or name another with --url`
        : (error as Error).message;
  process.stderr.write(`${reason}\n`);
  process.exit(1);
}
