import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';
import type { Answer } from './chat.js';

/** Calls at the very address given, as a client of a dialect makes them. */
export type LiteralCall = (
  method: string,
  address: string,
  body?: object | string,
  headers?: Record<string, string>,
) => Promise<Answer>;

/** An object goes as JSON, a text as it is with the type in `headers`. */
export function literalCalls(url: string, token?: string): LiteralCall {
  return async (method, address, body, headers) => {
    const response = await fetch(`${url}${address}`, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(typeof body === 'object' && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: typeof body === 'object' ? JSON.stringify(body) : body,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
}

/** One field of a form with a file in it. */
export function fileForm(name: string, type: string, content: string): { text: string; type: string } {
  const head = `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: ${type}`;
  return { text: `--x\r\n${head}\r\n\r\n${content}\r\n--x--\r\n`, type: 'multipart/form-data; boundary=x' };
}

/** A frame of a dialect: its fields are what the tests are about. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type LiteralFrame = Record<string, any>;

/** A socket at the very address given, that keeps all it is sent. */
export class LiteralSocket {
  readonly frames: LiteralFrame[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  private waiting: { matches: (frame: LiteralFrame) => boolean; resolve: (frame: LiteralFrame) => void }[] = [];

  constructor(url: string, address: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}${address}`, options);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    this.socket.on('error', () => undefined);
    this.socket.on('message', (bytes: Buffer) => this.take(JSON.parse(bytes.toString('utf8')) as LiteralFrame));
  }

  get opened(): Promise<unknown> {
    return this.socket.readyState === WebSocket.OPEN ? Promise.resolve() : once(this.socket, 'open');
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame with these fields, past or to come; it is asked for once. */
  next(part: LiteralFrame): Promise<LiteralFrame> {
    return this.until((frame) => Object.entries(part).every(([name, value]) => frame[name] === value));
  }

  until(matches: (frame: LiteralFrame) => boolean): Promise<LiteralFrame> {
    const index = this.frames.findIndex(matches);
    if (index >= 0) return Promise.resolve(this.frames.splice(index, 1)[0]!);
    return new Promise((resolve) => this.waiting.push({ matches, resolve }));
  }

  close(): void {
    this.socket.terminate();
  }

  private take(frame: LiteralFrame): void {
    const waiter = this.waiting.find(({ matches }) => matches(frame));
    if (!waiter) return void this.frames.push(frame);
    this.waiting = this.waiting.filter((other) => other !== waiter);
    waiter.resolve(frame);
  }
}
