import type { Frame } from '../support/client/inbox.js';
import { RawSocketIo } from '../support/client/raw.js';
import { WebSocketClient } from '../support/client/web-socket.js';

/** A client of either transport that sends any text as the data of a request, also text that no library would send. */
export interface TextClient {
  /** Resolves when connected and, with a token, authenticated. */
  readonly admitted: Promise<unknown>;
  readonly closed: Promise<unknown>;
  requestText(type: string, data: string | undefined): Promise<Frame>;
  close(): void;
}

/** The reply; undefined if the connection was closed instead. */
export function ask(client: TextClient, type: string, data: string | undefined): Promise<Frame | undefined> {
  return Promise.race([client.requestText(type, data), client.closed.then(() => undefined)]);
}

export const TEXT_CLIENTS: [string, (port: number, token: string | undefined) => TextClient][] = [
  [
    'plain WebSocket',
    (port, token) => {
      const client = new WebSocketClient(port, token && `?token=${token}`);
      return Object.assign(client, { admitted: client.first(token ? 'live' : 'hello') });
    },
  ],
  ['Socket.IO', (port, token) => new RawSocketIo(port, token)],
];
