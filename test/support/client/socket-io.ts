import { io, type Socket } from 'socket.io-client';
import { request } from './http.js';
import { type Frame, Inbox, type Wanted } from './inbox.js';
import type { Closed, RealtimeClient } from './realtime-client.js';
import { WebSocketClient } from './web-socket.js';

/** The canonical protocol over Socket.IO. */
export class SocketIoClient implements RealtimeClient {
  readonly socket: Socket;
  readonly closed: Promise<Closed>;
  readonly refused: Promise<unknown>;
  private readonly inbox = new Inbox<Frame>();

  constructor(port: number, auth: object = {}, options: object = {}) {
    this.socket = io(`http://127.0.0.1:${port}`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth,
      ...options,
    });
    this.refused = new Promise((resolve) => this.socket.once('connect_error', resolve));
    this.socket.onAny((_type: string, frame: Frame) => this.inbox.add(frame));
    this.closed = new Promise((resolve) => {
      this.socket.on('disconnect', (reason) => {
        const last = this.frames.findLast(({ type }) => type === 'error');
        resolve({ code: Number(last?.error?.details.close_code ?? 0), reason });
      });
    });
  }

  get frames(): Frame[] {
    return this.inbox.frames;
  }

  first(wanted: Wanted<Frame>): Promise<Frame> {
    return this.inbox.first(wanted);
  }

  next(wanted: Wanted<Frame>): Promise<Frame> {
    return this.inbox.next(wanted);
  }

  request(type: string, data: object = {}): Promise<Frame> {
    const reply = this.socket.emitWithAck(type, data) as Promise<Frame>;
    // It is rejected when the connection ends, which may be what the test is about.
    reply.catch(() => undefined);
    return reply;
  }

  close(): void {
    this.inbox.end();
    this.socket.disconnect();
  }
}

/** Both transports, authenticated with `token`. */
export const TRANSPORTS: [string, (port: number, token: string) => RealtimeClient][] = [
  ['plain WebSocket', (port, token) => new WebSocketClient(port, `?token=${token}`)],
  ['Socket.IO', (port, token) => new SocketIoClient(port, { token })],
];

/** Opens a session of Socket.IO over polling. Returns its id. */
export async function openPolling(url: string, headers?: Record<string, string>): Promise<string> {
  const { body } = await request('GET', url, { headers });
  return (JSON.parse((body as string).slice(1)) as { sid: string }).sid;
}
