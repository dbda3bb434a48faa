import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { type ClientOptions, WebSocket } from 'ws';
import { type AnyJson, type Frame, Inbox, type Wanted } from './inbox.js';
import type { Closed, RealtimeClient } from './realtime-client.js';

export interface WebSocketOptions extends ClientOptions {
  readonly protocols?: string[];
}

/** A plain WebSocket client that sends and receives JSON, whatever its protocol. */
export class JsonSocket<Received extends AnyJson = AnyJson> {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  /** The HTTP status with which the upgrade was refused. */
  readonly refused: Promise<number>;
  /** The body of that response. */
  readonly refusal: Promise<AnyJson>;
  private readonly inbox = new Inbox<Received>();

  constructor(url: string, path: string, { protocols = [], ...options }: WebSocketOptions = {}) {
    this.socket = new WebSocket(url.replace('http', 'ws') + path, protocols, options);
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    const answered = new Promise<IncomingMessage>((resolve) =>
      this.socket.on('unexpected-response', (_request, response) => resolve(response)),
    );
    this.refused = answered.then(({ statusCode = 0 }) => statusCode);
    this.refusal = answered.then(async (response) => (await json(response)) as AnyJson);
    void this.refusal.catch(() => undefined).then(() => this.socket.terminate());
    this.socket.on('error', () => undefined);
    this.socket.on('message', (bytes: Buffer) => this.inbox.add(JSON.parse(bytes.toString('utf8')) as Received));
  }

  get frames(): Received[] {
    return this.inbox.frames;
  }

  /** The frames that `next` has not returned. */
  get left(): Received[] {
    return this.inbox.left;
  }

  get opened(): Promise<unknown> {
    return this.socket.readyState === WebSocket.OPEN ? Promise.resolve() : once(this.socket, 'open');
  }

  first(wanted: Wanted<Received>): Promise<Received> {
    return this.inbox.first(wanted);
  }

  next(wanted: Wanted<Received>): Promise<Received> {
    return this.inbox.next(wanted);
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  close(): void {
    this.inbox.end();
    this.socket.terminate();
  }
}

/** The canonical protocol over a plain WebSocket. */
export class WebSocketClient extends JsonSocket<Frame> implements RealtimeClient {
  private requests = 0;

  constructor(port: number, query = '', options?: WebSocketOptions) {
    super(`http://127.0.0.1:${port}`, `/api/v1/realtime${query}`, options);
  }

  request(type: string, data: object = {}): Promise<Frame> {
    return this.requestText(type, JSON.stringify(data));
  }

  /** A request whose data is this text, JSON or not. */
  requestText(type: string, data: string | undefined): Promise<Frame> {
    const id = String(++this.requests);
    this.send(`{"type":"${type}","id":"${id}"${data === undefined ? '' : `,"data":${data}`}}`);
    return this.first((frame) => frame.type === 'reply' && frame.id === id);
  }
}

/** The HTTP status with which an upgrade is refused. */
export async function refusedWith(port: number, path: string, options?: WebSocketOptions): Promise<number> {
  const client = new JsonSocket(`http://127.0.0.1:${port}`, path, options);
  const accepted = client.opened.then(() => {
    client.close();
    throw new Error('the upgrade was accepted');
  });
  return Promise.race([client.refused, accepted]);
}
