import { type ClientOptions, WebSocket } from 'ws';
import { io, type Socket } from 'socket.io-client';

/** A frame of any type. */
export interface AnyFrame {
  type: string;
  id?: string;
  ok?: boolean;
  data?: Record<string, unknown>;
  error?: { code: string; message: string; details: Record<string, unknown> };
  [more: string]: unknown;
}

export interface Closed {
  code: number;
  reason: string;
}

/** One client of either transport, for tests that hold for both. */
export interface RealtimeClient {
  readonly frames: AnyFrame[];
  /** Resolves with the first frame, already received or awaited, that `matches`. */
  next(matches: string | ((frame: AnyFrame) => boolean)): Promise<AnyFrame>;
  request(type: string, data?: object): Promise<AnyFrame>;
  /** The end of the connection; Socket.IO has no codes, its code is that of the last error frame. */
  readonly closed: Promise<Closed>;
  /** Resolves if the server refused the connection. */
  readonly refused: Promise<unknown>;
  close(): void;
}

class Inbox {
  readonly frames: AnyFrame[] = [];
  private readonly waiting = new Set<() => void>();

  take(frame: AnyFrame): void {
    this.frames.push(frame);
    for (const look of [...this.waiting]) look();
  }

  next(matches: string | ((frame: AnyFrame) => boolean)): Promise<AnyFrame> {
    const asked = typeof matches === 'string' ? ({ type }: AnyFrame) => type === matches : matches;
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.frames.find(asked);
        if (!found) return;
        this.waiting.delete(look);
        resolve(found);
      };
      this.waiting.add(look);
      look();
    });
  }
}

export class WebSocketClient implements RealtimeClient {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  readonly refused: Promise<unknown>;
  private readonly inbox = new Inbox();
  private requests = 0;

  constructor(
    port: number,
    query = '',
    { protocols = [], ...options }: ClientOptions & { readonly protocols?: string[] } = {},
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/api/v1/realtime${query}`, protocols, options);
    this.socket.on('message', (data: Buffer) => this.inbox.take(JSON.parse(data.toString()) as AnyFrame));
    this.socket.on('error', () => {});
    this.refused = new Promise((resolve) => this.socket.once('error', resolve));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  get frames(): AnyFrame[] {
    return this.inbox.frames;
  }

  next(matches: string | ((frame: AnyFrame) => boolean)): Promise<AnyFrame> {
    return this.inbox.next(matches);
  }

  request(type: string, data: object = {}): Promise<AnyFrame> {
    return this.requestText(type, JSON.stringify(data));
  }

  /** A request whose data is this text, JSON or not. */
  requestText(type: string, data: string | undefined): Promise<AnyFrame> {
    const id = String(++this.requests);
    this.socket.send(`{"type":"${type}","id":"${id}"${data === undefined ? '' : `,"data":${data}`}}`);
    return this.next((frame) => frame.type === 'reply' && frame.id === id);
  }

  close(): void {
    this.socket.terminate();
  }
}

export class SocketIoClient implements RealtimeClient {
  readonly socket: Socket;
  readonly closed: Promise<Closed>;
  readonly refused: Promise<unknown>;
  private readonly inbox = new Inbox();

  constructor(port: number, auth: object = {}, options: object = {}) {
    this.socket = io(`http://127.0.0.1:${port}`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth,
      ...options,
    });
    this.refused = new Promise((resolve) => this.socket.once('connect_error', resolve));
    this.socket.onAny((_type: string, frame: AnyFrame) => this.inbox.take(frame));
    this.closed = new Promise((resolve) => {
      this.socket.on('disconnect', (reason) => {
        const last = this.frames.findLast(({ type }) => type === 'error');
        resolve({ code: Number(last?.error?.details.close_code ?? 0), reason });
      });
    });
  }

  get frames(): AnyFrame[] {
    return this.inbox.frames;
  }

  next(matches: string | ((frame: AnyFrame) => boolean)): Promise<AnyFrame> {
    return this.inbox.next(matches);
  }

  async request(type: string, data: object = {}): Promise<AnyFrame> {
    return (await this.socket.emitWithAck(type, data)) as AnyFrame;
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Both transports, authenticated with `token` and past `ready`. */
export const TRANSPORTS: [string, (port: number, token: string) => RealtimeClient][] = [
  ['plain WebSocket', (port, token) => new WebSocketClient(port, `?token=${token}`)],
  ['Socket.IO', (port, token) => new SocketIoClient(port, { token })],
];

/** The HTTP status with which an upgrade is refused. */
export function refusedWith(port: number, path: string, options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options);
  return new Promise((resolve, reject) => {
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.on('open', () => {
      socket.terminate();
      reject(new Error('the upgrade was accepted'));
    });
    socket.on('error', () => {});
  });
}
