/** Socket.IO alone: holds sockets, each with one listener. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

const server = createServer();
const sockets = new Server(server, { serveClient: false, perMessageDeflate: false, transports: ['websocket'] });
sockets.on('connection', (socket) => {
  socket.on('message.send', (_data: unknown, acknowledge?: (reply: object) => void) => acknowledge?.({ ok: true }));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening on ${(server.address() as AddressInfo).port}\n`));
process.on('SIGTERM', () => process.exit(0));
