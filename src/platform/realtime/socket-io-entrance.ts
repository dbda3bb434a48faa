import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { declareAndLog } from '../errors/error.filter.js';
import type { Actor } from '../http/actor.js';
import { Admission } from './admission.js';
import type { Connection } from './connection.js';
import { readResume } from './first-frame.js';
import { credentialOf, type Credential, Handshake } from './handshake.js';
import type { ResumePoint } from './live-sessions.js';
import type { ClientToServerEvents, ServerToClientEvents } from './protocol-types.js';
import { refusal } from './upgrade-routes.js';

/** Who a socket was let in as; without an actor its first frame has to say it. */
export interface Arrival {
  actor?: Actor;
  resume?: ResumePoint;
  /** Of the client, as limits count it. */
  address?: string;
}

/** What a socket carries: who it was let in as, and then its connection. */
export type ParleySocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  Arrival | Connection
>;

/** Others Engine.IO answers with an empty 500. */
const METHODS = new Set(['GET', 'POST', 'OPTIONS']);

/** Who may come in over Socket.IO. Origin, limits and draining are judged before Engine.IO sees the request. */
@Injectable()
export class SocketIoEntrance {
  /** The sessions of Engine.IO by their ids. */
  sessions: Readonly<Record<string, unknown>> = {};
  private readonly logger = new Logger('Sockets');
  private readonly judged = new WeakSet<IncomingMessage>();
  private readonly entered = new WeakSet<object>();

  constructor(
    private readonly admission: Admission,
    private readonly handshake: Handshake,
    private readonly config: Config,
  ) {}

  get cors(): object {
    const { allowedOrigins } = this.config;
    return { cors: { origin: [...allowedOrigins], credentials: true } };
  }

  /** Upgrades come judged; what was judged is known here and not told by the request. */
  take(upgrade: IncomingMessage): void {
    this.judged.add(upgrade);
  }

  /**
   * Whether a request goes on with a session that was admitted when it began. To name one is not enough: for an empty
   * id Engine.IO opens another.
   */
  isSession(query: URLSearchParams): boolean {
    const [id, ...others] = query.getAll('sid');
    return id !== undefined && others.length === 0 && Object.hasOwn(this.sessions, id);
  }

  /** A new session over polling is judged like an upgrade, each of its requests by its origin. */
  async gate(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    try {
      if (!METHODS.has(request.method ?? '')) throw ValidationError.of('', 'only GET and POST are understood here');
      if (!this.judged.has(request)) await this.judge(request);
    } catch (error) {
      const { status, headers, body } = refusal(declareAndLog(error, this.logger));
      response.writeHead(status, headers).end(body);
      return;
    }
    next();
  }

  private async judge(request: IncomingMessage): Promise<void> {
    const { searchParams } = new URL(request.url ?? '', 'http://host');
    if (this.isSession(searchParams)) this.handshake.checkOrigin(request);
    else await this.admission.admit(request);
  }

  /**
   * Judges the credential of the handshake; without one the first frame has to bring it. A session enters once: Socket.IO
   * notes that it has only after this, and would let two that came together in both. A second try ends it.
   */
  async letIn(socket: ParleySocket, next: (error?: Error) => void): Promise<void> {
    if (this.entered.has(socket.conn)) return socket.conn.close(true);
    this.entered.add(socket.conn);
    try {
      const { auth } = socket.handshake;
      const { searchParams } = new URL(socket.request.url ?? '', 'http://host');
      const address = this.handshake.addressOf(socket.request);
      const resume = readResume((auth as { resume?: unknown }).resume);
      const actor = await this.handshake.identify(offered(auth) ?? credentialOf(socket.request, searchParams));
      socket.data = { actor, resume, address };
      next();
    } catch (thrown) {
      const { code, message, details } = declareAndLog(thrown, this.logger);
      next(Object.assign(new Error(message), { data: { code, message, details } }));
    }
  }
}

function offered(auth: Record<string, unknown>): Credential | undefined {
  const { token, ticket } = auth;
  if (typeof token === 'string' && token) return { token: token.replace(/^Bearer +/i, '') };
  return typeof ticket === 'string' && ticket ? { ticket } : undefined;
}
