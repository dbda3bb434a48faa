import type { IncomingMessage, ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Socket } from 'socket.io';
import { Config } from '../../config/config.js';
import { ValidationError } from '../../errors/app-error.js';
import { toAppErrorAndLog } from '../../errors/error.filter.js';
import type { Actor } from '../../identity/actor.js';
import { RequestValidator } from '../../http/request-validator.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';
import { ConnectionGate } from './connection-gate.js';
import type { Connection } from '../connection/connection.js';
import { readResume } from '../commands/auth-frame-handler.js';
import { credentialOf, type Credential, Handshake } from './handshake.js';
import type { ResumeRequest } from '../resume/connection-attacher.js';
import { PollingDisabled, SocketSessionTaken, SocketSessionUnknown } from '../realtime.errors.js';
import { refusal } from './upgrade-routes.js';

/** The result of the handshake. Without an actor the first frame must authenticate. */
export interface HandshakeResult {
  actor?: Actor;
  resume?: ResumeRequest;
  /** The IP address of the client. */
  ip?: string;
}

/** Frames by type, in both directions. The protocol is declared elsewhere: Socket.IO only carries it. */
export type SocketFrames = Record<string, (...args: unknown[]) => void>;

/** A socket whose data is the result of the handshake and, once opened, its connection. */
export type ParleySocket = Socket<SocketFrames, SocketFrames, Record<string, never>, HandshakeResult | Connection>;

/** A session of Engine.IO. */
export interface EngineSession {
  readonly transport: { readonly name: string };
}

/** Engine.IO responds to other methods with an empty 500. */
const METHODS = new Set(['GET', 'POST', 'OPTIONS']);

/** Authorizes Socket.IO clients. Origin, limits and draining are checked before Engine.IO processes the request. */
@Injectable()
export class SocketIoHandshake {
  /** The sessions of Engine.IO by their ids. */
  sessions: Readonly<Record<string, EngineSession>> = {};
  private readonly logger = new Logger('Sockets');
  /** The source that each session was opened from. */
  private readonly sources = new WeakMap<object, string>();
  private readonly unknownSessions = new RepeatedWarning(
    this.logger,
    'requests of Socket.IO name sessions that this process does not have: behind a balancer without sticky sessions ' +
      "clients must connect with transports: ['websocket']; SOCKET_IO_POLLING=false makes the server respond so",
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

  /** Marks an upgrade that `UpgradeRoutes` has authorized. The mark is stored here, so a request cannot claim it. */
  markAuthorized(upgrade: IncomingMessage): void {
    this.authorized.add(upgrade);
  }

  /** Records the source of a session. The session can be continued only from there. */
  opened(session: EngineSession, request: IncomingMessage): void {
    this.sources.set(session, this.handshake.sourceOf(request));
  }

  /**
   * Whether a request continues a session that was authorized when it began. For an empty id Engine.IO opens a new
   * session, so it does not count. The id is part of URLs, which proxies log, so it does not prove ownership.
   * @throws SocketSessionUnknown, SocketSessionTaken
   */
  continuesSession(request: IncomingMessage, query: URLSearchParams): boolean {
    const ids = query.getAll('sid');
    if (ids.every((id) => id === '')) return false;
    const [id] = ids;
    const session = ids.length === 1 && Object.hasOwn(this.sessions, id!) ? this.sessions[id!] : undefined;
    if (!session) {
      this.unknownSessions.failed({ address: this.handshake.clientIpOf(request) });
      throw new SocketSessionUnknown();
    }
    const isOtherSource = this.sources.get(session) !== this.handshake.sourceOf(request);
    if (isOtherSource || session.transport.name === 'websocket') throw new SocketSessionTaken();
    return true;
  }

  /** Authorizes a polling request: a new session like an upgrade, each later request by its origin and source. */
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
      this.requests.validate(request);
      if (!METHODS.has(request.method ?? '')) throw ValidationError.of('', 'only GET and POST are supported here');
      const { searchParams } = new URL(request.url ?? '', 'http://host');
      // Engine.IO would respond with a script, which pages of any origin can read.
      if (searchParams.has('j')) throw ValidationError.of('j', 'is not supported: responses are never scripts');
      if (!this.config.socketIoPolling) throw new PollingDisabled();
      if (this.continuesSession(request, searchParams)) return this.handshake.checkOrigin(request);
      isCounted = true;
      await this.gate.check(request);
    } catch (error) {
      if (!isCounted) await this.gate.countRefused(request);
      throw error;
    }
  }

  /**
   * Authenticates the credential of the handshake. Without one the first frame must contain it. A session authenticates
   * once: Socket.IO records that only after this call and would accept two concurrent attempts. A second one closes it.
   */
  async authenticateSocket(socket: ParleySocket, next: (error?: Error) => void): Promise<void> {
    if (this.authenticated.has(socket.conn)) return socket.conn.close(true);
    this.authenticated.add(socket.conn);
    try {
      const { auth } = socket.handshake;
      const { searchParams } = new URL(socket.request.url ?? '', 'http://host');
      const ip = this.handshake.clientIpOf(socket.request);
      const resume = readResume((auth as { resume?: unknown }).resume);
      const actor = await this.handshake.identify(offered(auth) ?? credentialOf(socket.request, searchParams));
      socket.data = { actor, resume, ip };
      next();
    } catch (thrown) {
      const { code, message, details } = toAppErrorAndLog(thrown, this.logger);
      next(Object.assign(new Error(message), { data: { code, message, details } }));
    }
  }
}

function offered(auth: Record<string, unknown>): Credential | undefined {
  const { token, ticket, act_as: actAs } = auth;
  if (typeof token === 'string' && token) {
    return { token: token.replace(/^Bearer +/i, ''), actAs: typeof actAs === 'string' ? actAs : undefined };
  }
  return typeof ticket === 'string' && ticket ? { ticket } : undefined;
}
