import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** Headers that offer another protocol and are not part of the request itself. */
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** Whether a request is an upgrade to WebSocket. */
export function isWebSocketUpgrade({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Processes a request that offers another protocol as if it had not, which a server may do (RFC 9110, 7.8): Java's
 * client and `curl --http2` offer `h2c` with every first request. Node has detached the socket from its parser by then,
 * so the request is parsed again without the offer; `head` is the part of its body received so far. The connection ends
 * with the response: parsing again leaves listeners on the socket and restarts the count of its requests.
 */
export function processWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (!OFFERS.has(rawHeaders[at]!.toLowerCase())) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  lines.push('Connection: close');
  const again = Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]);
  server.emit('connection', socket);
  socket.unshift(again);
  process.nextTick(() => socket.resume());
}
