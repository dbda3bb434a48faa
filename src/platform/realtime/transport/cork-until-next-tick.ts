import type { Socket } from 'node:net';

let corked: Socket[] = [];

function uncorkAll(): void {
  const sockets = corked;
  corked = [];
  for (const socket of sockets) socket.uncork();
}

/**
 * Buffers the writes to a socket until `process.nextTick`, so that they need one system call: a batch causes many
 * events and replies of a busy connection in one callback. The buffer is written before any other I/O or timer.
 */
export function corkUntilNextTick(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (corked.push(socket) === 1) process.nextTick(uncorkAll);
}
