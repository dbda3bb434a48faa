import type { Socket } from 'node:net';

let corked: Socket[] = [];

function uncorkAll(): void {
  const sockets = corked;
  corked = [];
  for (const socket of sockets) socket.uncork();
}

/**
 * Buffers writes to a socket until the end of this turn of the event loop, so that they need one system call: a batch
 * causes many events and replies of a busy connection in one turn. No write waits longer than the turn.
 */
export function corkUntilNextTick(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (corked.push(socket) === 1) process.nextTick(uncorkAll);
}
