import { io, type Socket as IoSocket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { Refused, Unanswered } from './rest.js';

export type LinkKind = 'websocket' | 'socket.io';
export const LINK_KINDS: readonly LinkKind[] = ['websocket', 'socket.io'];

/** Any frame of the server; its fields depend on its type. */
export interface Frame {
  readonly type: string;
  readonly conversation_id?: string;
  readonly seq?: number;
  readonly prev?: number;
  readonly id?: string;
  readonly at?: string;
  readonly actor_id?: string | null;
  readonly data: Record<string, unknown>;
  readonly error?: { readonly code: string };
  readonly replay?: boolean;
}

export interface ResumeOffer {
  readonly cursor?: string;
  readonly conversations?: Record<string, number>;
}

export interface LinkOptions {
  /** `http://127.0.0.1:port` */
  readonly address: string;
  readonly token: string;
  readonly resume?: ResumeOffer;
  /** Receives every frame except replies, from `hello` on. */
  readonly onFrame: (frame: Frame) => void;
  readonly timeoutMs?: number;
}

interface Reply {
  readonly ok: boolean;
  readonly data?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

const TIMEOUT_MS = 5000;

/** One open connection of a client, the same over either transport. */
export interface Link {
  readonly kind: LinkKind;
  readonly isOpen: boolean;
  /** Resolves with the time of the close, by `performance.now()`. */
  readonly closed: Promise<number>;
  /** The reply's data. @throws Refused, Unanswered */
  request<Data>(type: string, data: object): Promise<Data>;
  /** Cuts the connection without a close frame, as a lost network does. */
  cut(): void;
}

/** Connects, authenticates, and returns once the server is live. @throws Refused, Unanswered */
export function openLink(kind: LinkKind, options: LinkOptions): Promise<Link> {
  return (kind === 'websocket' ? new PlainLink(options) : new SocketIoLink(options)).opened;
}

/** What both transports have in common: the opening, and the replies. */
abstract class BaseLink implements Link {
  abstract readonly kind: LinkKind;
  readonly closed: Promise<number>;
  readonly opened: Promise<Link>;
  isOpen = false;
  private isEnded = false;
  private lastError = '';
  protected readonly timeoutMs: number;
  private settleOpened!: (error?: Error) => void;
  private settleClosed!: (at: number) => void;
  private readonly waiting = new Set<(error: Error) => void>();

  constructor(private readonly options: LinkOptions) {
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.closed = new Promise((resolve) => (this.settleClosed = resolve));
    this.opened = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(new Unanswered('not live in time')), this.timeoutMs);
      this.settleOpened = (error) => {
        clearTimeout(timer);
        if (error) reject(error);
        else resolve(this);
      };
    });
  }

  abstract cut(): void;
  protected abstract transmit(type: string, data: object, settle: (reply: Reply) => void): void;

  request<Data>(type: string, data: object): Promise<Data> {
    return new Promise((resolve, reject) => {
      if (this.isEnded) return reject(new Unanswered('the connection is closed'));
      const end = (error: Error): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        reject(error);
      };
      const timer = setTimeout(() => end(new Unanswered('no reply in time')), this.timeoutMs);
      this.waiting.add(end);
      this.transmit(type, data, (reply) => {
        clearTimeout(timer);
        this.waiting.delete(end);
        if (reply.ok) resolve(reply.data as Data);
        else reject(errorOf(reply.error!));
      });
    });
  }

  protected receive(frame: Frame): void {
    if (frame.type === 'error') this.lastError = frame.error?.code ?? '';
    this.options.onFrame(frame);
    if (frame.type !== 'live') return;
    this.isOpen = true;
    this.settleOpened();
  }

  protected fail(error: Error): void {
    this.settleOpened(error);
    this.cut();
  }

  protected ended(): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.isOpen = false;
    this.settleOpened(new Unanswered(`closed before it was live ${this.lastError}`));
    for (const end of this.waiting) end(new Unanswered('the connection was closed'));
    this.settleClosed(performance.now());
  }
}

class PlainLink extends BaseLink {
  readonly kind = 'websocket';
  private readonly socket: WebSocket;
  private readonly replies = new Map<string, (reply: Reply) => void>();
  private requests = 0;

  constructor(options: LinkOptions) {
    super(options);
    const { address, token, resume } = options;
    this.socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/realtime`, { perMessageDeflate: false });
    this.socket.on('message', (text: Buffer) => {
      const frame = JSON.parse(String(text)) as Frame & Reply & { id: string };
      if (frame.type !== 'reply') return this.receive(frame);
      this.replies.get(frame.id)?.(frame);
      this.replies.delete(frame.id);
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => this.ended());
    this.socket.on('unexpected-response', (_request, response) => {
      this.fail(errorOf({ code: String(response.statusCode), message: 'no upgrade' }, response.statusCode));
    });
    this.socket.on('open', () => {
      this.request('auth', { token, ...(resume && { resume }) }).catch((error: Error) => this.fail(error));
    });
  }

  cut(): void {
    this.socket.terminate();
  }

  protected transmit(type: string, data: object, settle: (reply: Reply) => void): void {
    const id = String(++this.requests);
    this.replies.set(id, settle);
    this.socket.send(JSON.stringify({ type, id, data }), (error) => error && this.ended());
  }
}

class SocketIoLink extends BaseLink {
  readonly kind = 'socket.io';
  private readonly socket: IoSocket;

  constructor(options: LinkOptions) {
    super(options);
    const { address, token, resume } = options;
    this.socket = io(address, {
      auth: { token, ...(resume && { resume }) },
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      timeout: this.timeoutMs,
    });
    this.socket.onAny((_type: string, frame: Frame) => this.receive(frame));
    this.socket.on('connect_error', (error: Error & { data?: { code: string; message: string } }) =>
      this.fail(error.data ? errorOf(error.data) : new Unanswered(error.message)),
    );
    this.socket.on('disconnect', () => this.ended());
  }

  cut(): void {
    this.socket.disconnect();
    this.ended();
  }

  protected transmit(type: string, data: object, settle: (reply: Reply) => void): void {
    this.socket.emit(type, data, settle);
  }
}

const LATER = new Set(['SERVICE_UNAVAILABLE', 'RATE_LIMIT_EXCEEDED', 'INTERNAL_ERROR', 'TOO_MANY_IN_FLIGHT']);

function errorOf({ code, message }: { code: string; message: string }, status = 400): Error {
  return LATER.has(code) || status >= 500 || status === 429 ? new Unanswered(code) : new Refused(status, code, message);
}
