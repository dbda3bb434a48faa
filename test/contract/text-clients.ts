import { WebSocket } from 'ws';
import { type AnyFrame, WebSocketClient } from '../support/realtime-client.js';

/** A client of either transport that sends any text as the data of a request, also text that no library would send. */
export interface TextClient {
  /** Resolves when connected and, with a token, authenticated. */
  readonly isOpen: Promise<unknown>;
  readonly closed: Promise<unknown>;
  /** The reply; undefined if the connection was closed instead. */
  ask(type: string, data: string | undefined): Promise<AnyFrame | undefined>;
  close(): void;
}

function plain(port: number, token: string | undefined): TextClient {
  const client = new WebSocketClient(port, token && `?token=${token}`);
  return {
    isOpen: client.next(token ? 'live' : 'hello'),
    closed: client.closed,
    ask: (type, data) => Promise.race([client.requestText(type, data), client.closed.then(() => undefined)]),
    close: () => client.close(),
  };
}

/** Engine.IO and Socket.IO without the client library, which traverses what it sends and fails on deep values. */
function socketIo(port: number, token: string | undefined): TextClient {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  const replies = new Map<string, (reply: AnyFrame) => void>();
  let last = 0;
  let opened: (value?: unknown) => void;
  const isOpen = new Promise((resolve) => (opened = resolve));
  socket.on('error', () => undefined);
  socket.on('message', (bytes: Buffer) => {
    const text = bytes.toString();
    if (text.startsWith('0')) socket.send(`40${JSON.stringify(token ? { token } : {})}`);
    else if (text.startsWith(`42["${token ? 'live' : 'hello'}"`)) opened();
    const [, id = '', reply = ''] = /^43(\d+)\[(.*)\]$/s.exec(text) ?? [];
    if (id) replies.get(id)?.(JSON.parse(reply) as AnyFrame);
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return {
    isOpen,
    closed,
    ask: (type, data) => {
      const id = String(++last);
      const replied = new Promise<AnyFrame>((resolve) => replies.set(id, resolve));
      socket.send(`42${id}["${type}"${data === undefined ? '' : `,${data}`}]`);
      return Promise.race([replied, closed.then(() => undefined)]);
    },
    close: () => socket.terminate(),
  };
}

export const TEXT_CLIENTS: [string, (port: number, token: string | undefined) => TextClient][] = [
  ['plain WebSocket', plain],
  ['Socket.IO', socketIo],
];
