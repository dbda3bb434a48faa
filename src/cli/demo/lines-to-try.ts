/** A demo user with a token. */
export interface DemoSpeaker {
  readonly username: string;
  readonly token: string;
}

/**
 * Returns commands for a shell in the directory of the program, while a server runs at `url`: two users write to
 * `conversation` over REST, plain WebSocket and Socket.IO. Each command works as it is printed.
 */
export function linesToTry(url: string, [one, other]: readonly DemoSpeaker[], conversation: string): string {
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
function variable({ username }: DemoSpeaker): string {
  return username.slice(username.indexOf('-') + 1).toUpperCase();
}
