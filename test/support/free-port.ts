import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that Linux gives to connections and to servers that ask for any port. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/**
 * A free port of loopback for a program that cannot choose one itself, or must have the same one after a restart: no
 * connection takes it before the program listens, or while it is down.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue; // taken
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
