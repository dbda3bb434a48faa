import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { Config } from '../config/config.js';
import { ValidationError } from '../errors/app-error.js';
import { toAppErrorAndLog } from '../errors/error.filter.js';
import type { Actor } from '../http/actor.js';
import { RequestValidator } from '../http/request-validator.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';
import { ConnectionGate } from './connection-gate.js';
import type { Connection } from './connection.js';
import { readResume } from './auth-frame-handler.js';
import { credentialOf, type Credential, Handshake } from './handshake.js';
import type { ResumeRequest } from './connection-attacher.js';
import type { ClientToServerEvents, ServerToClientEvents } from './protocol-types.js';
import { PollingDisabled, SocketSessionTaken, SocketSessionUnknown } from './realtime.errors.js';
import { refusal } from './upgrade-routes.js';

/** Who a socket was let in as; without an actor its first frame has to say it. */
export interface HandshakeResult {
  actor?: Actor;
  resume?: ResumeRequest;
  /** Of the client, as limits count it. */
  address?: string;
}

/** What a socket carries: who it was let in as, and then its connection. */
export type ParleySocket = Socket<
  ClientToServerEvents,
  ServerToClientEvents,
  Record<string, never>,
  HandshakeResult | Connection
>;

/** A session of Engine.IO. */
export interface EngineSession {
  readonly transport: { readonly name: string };
}

/** Others Engine.IO answers with an empty 500. */
const METHODS = new Set(['GET', 'POST', 'OPTIONS']);

/** Who may come in over Socket.IO. Origin, limits and draining are judged before Engine.IO sees the request. */
@Injectable()
export class SocketIoHandshake {
  /** The sessions of Engine.IO by their ids. */
  sessions: Readonly<Record<string, EngineSession>> = {};
  private readonly logger = new Logger('Sockets');
  /** Where each session was opened from. */
  private readonly sources = new WeakMap<object, string>();
  private readonly unattached = new RepeatedWarning(
    this.logger,
    'requests of Socket.IO name sessions that this process does not have: behind a balancer without sticky sessions ' +
      "clients must connect with transports: ['websocket'] (SOCKET_IO_POLLING=false tells them so)",
  );
  private readonly authorized = new WeakSet<IncomingMessage>();
  private readonly authenticated = new WeakSet<object>();

  constructor(
    private readonly gate: ConnectionGate,
    private readonly handshake: Handshake,
    private readonly requests: RequestValidator,
    private readonly config: Config,
  ) {}

  get cors(): object {
    const { allowedOrigins } = this.config;
    return { cors: { origin: [...allowedOrigins], credentials: true } };
  }

  /** Upgrades come judged; what was judged is known here and not told by the request. */
  markAuthorized(upgrade: IncomingMessage): void {
    this.authorized.add(upgrade);
  }

  /** Notes where a session is opened from: only from there it can be continued. */
  opened(session: EngineSession, request: IncomingMessage): void {
    this.sources.set(session, this.handshake.placeOf(request));
  }

  /**
   * Whether a request continues a session that was admitted when it began. Naming one is not enough: for an empty id
   * Engine.IO opens another. The id stands in addresses, which proxies log, so it does not prove whose the session is.
   * @throws SocketSessionUnknown, SocketSessionTaken
   */
  continues(request: IncomingMessage, query: URLSearchParams): boolean {
    const ids = query.getAll('sid');
    if (ids.every((id) => id === '')) return false;
    const [id] = ids;
    const session = ids.length === 1 && Object.hasOwn(this.sessions, id!) ? this.sessions[id!] : undefined;
    if (!session) {
      this.unattached.failed({ address: this.handshake.addressOf(request) });
      throw new SocketSessionUnknown();
    }
    const isForeign = this.sources.get(session) !== this.handshake.placeOf(request);
    if (isForeign || session.transport.name === 'websocket') throw new SocketSessionTaken();
    return true;
  }

  /** A new session over polling is judged like an upgrade, each of its requests by its origin and address. */
  async authorizeRequest(request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> {
    try {
      if (!this.authorized.has(request)) await this.authorize(request);
    } catch (error) {
      const { status, headers, body } = refusal(toAppErrorAndLog(error, this.logger));
      response.writeHead(status, headers).end(body);
      return;
    }
    next();
  }

  private async authorize(request: IncomingMessage): Promise<void> {
    let isCounted = false;
    try {
      this.requests.require(request);
      if (!METHODS.has(request.method ?? '')) throw ValidationError.of('', 'only GET and POST are understood here');
      const { searchParams } = new URL(request.url ?? '', 'http://host');
      // Engine.IO would answer with a script, which pages of any origin can read.
      if (searchParams.has('j')) throw ValidationError.of('j', 'is not taken: answers are never scripts');
      if (!this.config.socketIoPolling) throw new PollingDisabled();
      if (this.continues(request, searchParams)) return this.handshake.checkOrigin(request);
      isCounted = true;
      await this.gate.check(request);
    } catch (error) {
      if (!isCounted) await this.gate.countRefused(request);
      throw error;
    }
  }

  /**
   * Judges the credential of the handshake; without one the first frame has to bring it. A session enters once: Socket.IO
   * notes that it has only after this, and would let two that came together in both. A second try ends it.
   */
  async authenticateSocket(socket: ParleySocket, next: (error?: Error) => void): Promise<void> {
    if (this.authenticated.has(socket.conn)) return socket.conn.close(true);
    this.authenticated.add(socket.conn);
    try {
      const { auth } = socket.handshake;
      const { searchParams } = new URL(socket.request.url ?? '', 'http://host');
      const address = this.handshake.addressOf(socket.request);
      const resume = readResume((auth as { resume?: unknown }).resume);
      const actor = await this.handshake.identify(offered(auth) ?? credentialOf(socket.request, searchParams));
      socket.data = { actor, resume, address };
      next();
    } catch (thrown) {
      const { code, message, details } = toAppErrorAndLog(thrown, this.logger);
      next(Object.assign(new Error(message), { data: { code, message, details } }));
    }
  }
}

function offered(auth: Record<string, unknown>): Credential | undefined {
  const { token, ticket } = auth;
  if (typeof token === 'string' && token) return { token: token.replace(/^Bearer +/i, '') };
  return typeof ticket === 'string' && ticket ? { ticket } : undefined;
}
