import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { WebSocket } from 'ws';
import type { Environment } from '../../src/platform/config/config.js';
import { startTestApp, type TestApp } from './test-app.js';

/** A response of the REST API with any `body`; the tests assert what they expect. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The shape differs by route, and asserting it is the purpose of the tests.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly body: any;
}

/** A received frame. */
export interface Received {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly replay?: boolean;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  readonly data: any;
}

/** A socket of a user on either transport. */
export interface ChatSocket {
  /** Everything received so far. */
  readonly frames: Received[];
  /** The next frame of this type that was not returned yet; waits for it. */
  next(type: string): Promise<Received>;
  /** The first frame that matches, already received or awaited. */
  until(matches: (frame: Received) => boolean): Promise<Received>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  request(type: string, data: object): Promise<{ ok: boolean; data?: any; error?: { code: string } }>;
  /** The close code; waits for the close. */
  closed(): Promise<number | string>;
  close(): void;
}

export interface ChatUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  webSocket(resume?: object): Promise<ChatSocket>;
  socketIo(): Promise<ChatSocket>;
}

/** The whole program with users who use its APIs as their apps do. */
export interface Chat {
  readonly app: TestApp;
  user(name: string): Promise<ChatUser>;
  group(owner: ChatUser, ...others: ChatUser[]): Promise<string>;
  call(method: string, path: string, body?: object, headers?: Record<string, string>): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startChat(overrides: Environment = {}): Promise<Chat> {
  const app = await startTestApp(overrides);
  const sockets: ChatSocket[] = [];
  const call: Chat['call'] = (method, path, body, headers) => request(app.url, { method, path, body, headers });
  return {
    app,
    call,
    user: (name) => register(app.url, name, sockets),
    group: async (owner, ...others) => {
      const participants = others.map(({ id }) => id);
      const { body } = await owner.call('POST', '/conversations', {
        type: 'group',
        title: 'A group',
        participant_ids: participants,
      });
      return body.id as string;
    },
    stop: async () => {
      for (const socket of sockets) socket.close();
      await app.close();
    },
  };
}

async function request(
  url: string,
  { method, path, body, headers }: { method: string; path: string; body?: object; headers?: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { ...(body && { 'content-type': 'application/json' }), ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

async function register(url: string, name: string, sockets: ChatSocket[]): Promise<ChatUser> {
  const password = `${name}-orbit-41-lamp-plum`;
  const account = { email: `${name}@example.com`, username: name, password, display_name: name };
  const registered = await request(url, { method: 'POST', path: '/auth/register', body: account });
  if (registered.status !== 201) throw new Error(`${name} could not register: ${JSON.stringify(registered.body)}`);
  const login = await request(url, { method: 'POST', path: '/auth/login', body: { username: name, password } });
  const { access_token: token, refresh_token: refreshToken, user } = login.body;
  const keep = (socket: ChatSocket): ChatSocket => {
    sockets.push(socket);
    return socket;
  };
  return {
    id: user.id,
    username: name,
    password,
    token,
    refreshToken,
    call: (method, path, body, headers) =>
      request(url, { method, path, body, headers: { authorization: `Bearer ${token}`, ...headers } }),
    webSocket: async (resume) => keep(await openWebSocket(url, token, resume)),
    socketIo: async () => keep(await openSocketIo(url, token)),
  };
}

/** Received frames, and the waiting callers. */
class Inbox {
  readonly frames: Received[] = [];
  private readonly asked = new Map<string, number>();
  private waiting: { type: string; index: number; resolve: (frame: Received) => void }[] = [];
  private watching: { matches: (frame: Received) => boolean; resolve: (frame: Received) => void }[] = [];

  push(frame: Received): void {
    this.frames.push(frame);
    const count = this.frames.filter(({ type }) => type === frame.type).length;
    this.waiting = this.waiting.filter((waiter) => {
      if (waiter.type !== frame.type || waiter.index !== count - 1) return true;
      waiter.resolve(frame);
      return false;
    });
    this.watching = this.watching.filter(({ matches, resolve }) => {
      if (!matches(frame)) return true;
      resolve(frame);
      return false;
    });
  }

  until(matches: (frame: Received) => boolean): Promise<Received> {
    const known = this.frames.find(matches);
    return known ? Promise.resolve(known) : new Promise((resolve) => this.watching.push({ matches, resolve }));
  }

  next(type: string): Promise<Received> {
    const index = this.asked.get(type) ?? 0;
    this.asked.set(type, index + 1);
    const known = this.frames.filter((frame) => frame.type === type)[index];
    return known ? Promise.resolve(known) : new Promise((resolve) => this.waiting.push({ type, index, resolve }));
  }
}

async function openWebSocket(url: string, token: string, resume?: object): Promise<ChatSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/realtime`);
  const inbox = new Inbox();
  const replies = new Map<string, (reply: { ok: boolean }) => void>();
  let lastId = 0;
  const ended = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.on('message', (bytes: Buffer) => {
    const frame = JSON.parse(bytes.toString('utf8')) as Received & { id: string; ok: boolean };
    if (frame.type === 'reply') replies.get(frame.id)?.(frame);
    else inbox.push(frame);
  });
  await once(socket, 'open');
  const request: ChatSocket['request'] = (type, data) =>
    new Promise((resolve) => {
      const id = String(++lastId);
      replies.set(id, resolve);
      socket.send(JSON.stringify({ type, id, data }));
    });
  await request('auth', { token, ...(resume && { resume }) });
  await inbox.next('live');
  return {
    frames: inbox.frames,
    next: (type) => inbox.next(type),
    until: (matches) => inbox.until(matches),
    request,
    closed: () => ended,
    close: () => socket.terminate(),
  };
}

async function openSocketIo(url: string, token: string): Promise<ChatSocket> {
  const socket: Socket = io(url, { auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true });
  const inbox = new Inbox();
  const ended = new Promise<string>((resolve) => socket.once('disconnect', (reason) => resolve(reason)));
  socket.onAny((_type: string, frame: Received) => inbox.push(frame));
  await inbox.next('live');
  return {
    frames: inbox.frames,
    next: (type) => inbox.next(type),
    until: (matches) => inbox.until(matches),
    request: (type, data) => new Promise((resolve) => socket.emit(type, data, resolve)),
    closed: () => ended,
    close: () => socket.disconnect(),
  };
}
