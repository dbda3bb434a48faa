/** `ws` alone: holds sockets, and on any message sends the given frame to all of them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const frame = Buffer.from(process.env.BENCH_FRAME ?? '');
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', () => {
    for (const client of sockets.clients) if (client.readyState === client.OPEN) client.send(frame, { binary: false });
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
