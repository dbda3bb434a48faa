import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { type ClientOptions, WebSocket } from 'ws';
import type { Answer } from './chat.js';

export interface DialectCall {
  readonly token?: string;
  /** An object is sent as JSON; a text is sent as it is, with the type in `headers`. */
  readonly body?: object | FormData | string;
  readonly headers?: Record<string, string>;
}

/** A request to a path of a dialect. */
export async function call(
  url: string,
  method: string,
  path: string,
  { token, body, headers }: DialectCall = {},
): Promise<Answer> {
  const isRaw = body instanceof FormData || typeof body === 'string';
  const response = await fetch(url + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !isRaw && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isRaw ? body : body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** A frame of any protocol that has a type. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into frames freely
export type AnyJson = Record<string, any>;

/** A client that sends and receives JSON, whatever its protocol. */
export class JsonSocket {
  readonly frames: AnyJson[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The HTTP status with which the upgrade was refused. */
  readonly refused: Promise<number>;
  /** The body of that response. */
  readonly refusal: Promise<AnyJson>;
  readonly socket: WebSocket;
  private readonly taken = new Set<AnyJson>();
  private waiting: (() => void)[] = [];

  constructor(url: string, path: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url.replace('http', 'ws') + path, options);
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    const answered = new Promise<IncomingMessage>((resolve) =>
      this.socket.on('unexpected-response', (_request, response) => resolve(response)),
    );
    this.refused = answered.then(({ statusCode = 0 }) => statusCode);
    this.refusal = answered.then(async (response) => (await json(response)) as AnyJson);
    void answered.then(() => this.refusal.finally(() => this.socket.terminate()));
    this.socket.on('error', () => undefined);
    this.socket.on('message', (bytes: Buffer) => {
      this.frames.push(JSON.parse(bytes.toString('utf8')) as AnyJson);
      const waiting = this.waiting;
      this.waiting = [];
      for (const look of waiting) look();
    });
  }

  get opened(): Promise<unknown> {
    return this.socket.readyState === WebSocket.OPEN ? Promise.resolve() : once(this.socket, 'open');
  }

  /** The frames that `next` has not returned yet. */
  get left(): AnyJson[] {
    return this.frames.filter((frame) => !this.taken.has(frame));
  }

  /** Waits for the first frame of this type, or that matches, that was not returned yet. */
  async next(matches: string | ((frame: AnyJson) => boolean)): Promise<AnyJson> {
    const asked = typeof matches === 'string' ? (frame: AnyJson): boolean => frame.type === matches : matches;
    for (;;) {
      const found = this.frames.find((frame) => !this.taken.has(frame) && asked(frame));
      if (found) {
        this.taken.add(found);
        return found;
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  send(frame: object | string): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  close(): void {
    this.socket.terminate();
  }
}
