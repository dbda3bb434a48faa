import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What offers another protocol and is no part of the request itself. */
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** Whether a request asks for a WebSocket. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Answers a request that offers to go on in another protocol as if it had not, which a server may (RFC 9110, 7.8):
 * Java's client and `curl --http2` offer `h2c` with every first request. Node has taken it out of its parser by then, so
 * it is read once more, without the offer; `head` is what has come of its body. The connection ends with the answer: each
 * reading anew leaves listeners on the socket and begins the count of its requests anew.
 */
export function answerWithoutUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
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
