import type { Socket } from 'node:net';

let corked: Socket[] = [];

function uncorkAll(): void {
  const sockets = corked;
  corked = [];
  for (const socket of sockets) socket.uncork();
}

/**
 * Holds what is written to a socket until this turn of the event loop is over, so that it leaves in one system call:
 * a batch brings a busy connection many events and replies in one turn. Nothing waits longer than the turn.
 */
export function corkUntilNextTick(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  if (corked.push(socket) === 1) process.nextTick(uncorkAll);
}
