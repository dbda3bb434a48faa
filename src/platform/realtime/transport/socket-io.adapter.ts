import { Injectable } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server } from 'socket.io';
import { SocketIoServer } from './socket-io-server.js';

/**
 * Nest's adapter for the gateways: `app.useWebSocketAdapter(app.get(SocketIoAdapter))` before the application is
 * initialised. Nest creates the Socket.IO server through it, for all gateways the same one.
 *
 * Invariant: Nest does nothing for a client. All its work for one (a function for each handler of each gateway, 254 µs
 * and 73 kB) begins in the callback of `bindClientConnect`, which is not registered here. Frames enter the command
 * table of `FrameRouter` instead, from Socket.IO as from the plain WebSocket.
 */
@Injectable()
export class SocketIoAdapter extends IoAdapter {
  constructor(private readonly sockets: SocketIoServer) {
    super();
  }

  override createIOServer(): Server {
    return this.sockets.open() as unknown as Server;
  }

  override bindClientConnect(): void {}

  /** `RealtimeDrain` has closed the server after its connections; the HTTP server is closed by the application. */
  override close(): Promise<void> {
    return Promise.resolve();
  }
}
