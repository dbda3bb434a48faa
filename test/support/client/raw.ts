import { once } from 'node:events';
import { type IncomingHttpHeaders, request, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Frame } from './inbox.js';

/** A TCP connection whose bytes the test sends and reads itself, also bytes that no client library would send. */
export class RawConnection {
  readonly socket: Socket;

  constructor(url: string, bytes: string | Uint8Array) {
    this.socket = connect(Number(new URL(url).port), '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.write(bytes);
  }

  /** The bytes that arrive next. */
  async read(): Promise<string> {
    return String(await once(this.socket, 'data'));
  }

  /** Everything that arrives until the connection is closed. */
  readAll(): Promise<string> {
    let received = '';
    this.socket.on('data', (bytes) => (received += String(bytes)));
    return new Promise((resolve) => this.socket.once('close', () => resolve(received)));
  }

  /** Waits until the server has closed the connection. */
  async closed(): Promise<void> {
    if (!this.socket.destroyed) await once(this.socket.resume(), 'close');
  }
}

export interface ExactRequest extends Pick<RequestOptions, 'agent' | 'localAddress' | 'timeout'> {
  readonly method: string;
  /** As it is sent: without encoding or normalisation. */
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

export interface ExactResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An HTTP request that is sent exactly as given. @throws if there is no complete response in time */
export function exchange(url: string, { body, headers = {}, ...options }: ExactRequest): Promise<ExactResponse> {
  const hasLength = body !== undefined && !headers['transfer-encoding'];
  const length = hasLength ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      response.on('error', reject);
      response.on('close', () => reject(new Error('the response was cut off')));
    });
    sent.on('timeout', () => sent.destroy(new Error('no response in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Socket.IO without its client library, which traverses what it sends: the packets are any text. */
export class RawSocketIo {
  readonly socket: WebSocket;
  readonly closed: Promise<unknown>;
  /** Resolves once the server sent `live` to a client with a token, or `hello` to one without. */
  readonly admitted: Promise<unknown>;
  private readonly replies = new Map<string, (reply: Frame) => void>();
  private last = 0;

  constructor(port: number, token?: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.admitted = new Promise<void>((resolve) => {
      this.socket.on('message', (bytes: Buffer) => {
        const packet = bytes.toString();
        if (packet.startsWith('0')) this.socket.send(`40${JSON.stringify(token ? { token } : {})}`);
        else if (packet.startsWith(`42["${token ? 'live' : 'hello'}"`)) resolve();
        const [, id = '', reply = ''] = /^43(\d+)\[(.*)\]$/s.exec(packet) ?? [];
        if (id) this.replies.get(id)?.(JSON.parse(reply) as Frame);
      });
    });
  }

  /** The acknowledgement of the packet with this id. */
  reply(id: string): Promise<Frame> {
    return new Promise((resolve) => this.replies.set(id, resolve));
  }

  /** A request whose data is this text, JSON or not. */
  requestText(type: string, data: string | undefined): Promise<Frame> {
    const id = String(++this.last);
    const replied = this.reply(id);
    this.socket.send(`42${id}["${type}"${data === undefined ? '' : `,${data}`}]`);
    return replied;
  }

  close(): void {
    this.socket.terminate();
  }
}
