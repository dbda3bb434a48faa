import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Server, type Socket } from 'socket.io';
import { subjectOfIp } from '../../throttling/limit-subject.js';
import { ConnectionFactory } from '../connection/connection-factory.js';
import { RealtimeSettings } from '../connection/realtime-settings.js';
import { Connection } from '../connection/connection.js';
import { FrameRouter } from '../commands/frame-router.js';
import { corkUntilNextTick } from './cork-until-next-tick.js';
import { type Upgrade, UpgradeRoutes } from './upgrade-routes.js';
import {
  type HandshakeResult,
  type EngineSession,
  type ParleySocket,
  type SocketFrames,
  SocketIoHandshake,
} from './socket-io-handshake.js';
import { SocketIoTransport, type EngineSocket } from './socket-io.transport.js';
import { BoundedWebSocketServer, type SocketWithCloseCode, endingOf } from './plain-web-socket-server.js';

export const SOCKET_IO_PATH = '/socket.io/';

/** Packets for other namespaces that a client may send before its session is closed. */
const MAX_UNKNOWN_NAMESPACES = 10;

/**
 * Internals of Socket.IO's classes. The version is pinned, and tests cover them over the protocol.
 */
interface SocketInternals {
  data: HandshakeResult | Connection;
  /** Polling has no `socket`. */
  readonly conn: { readonly transport: { readonly socket?: SocketWithCloseCode } };
  handshake: unknown;
  /** `data` is undefined in a packet that ends after its type. */
  onevent(packet: { id?: number; data?: unknown[] }): void;
}

interface EngineInternals {
  readonly clients: Readonly<Record<string, EngineSession>>;
  handleUpgrade(request: IncomingMessage, socket: unknown, head: Buffer): void;
  use(middleware: (request: IncomingMessage, response: ServerResponse, next: (error?: Error) => void) => void): void;
  on(event: 'connection', listener: (socket: EngineSocket & EngineEvents & EngineSession) => void): void;
  on(event: 'flush', listener: (socket: FlushedSocket) => void): void;
}

/** `socket` is the `ws` socket of a WebSocket transport; polling has none. */
interface FlushedSocket {
  readonly transport: { readonly socket?: { readonly _socket?: TcpSocket } };
}

interface EngineEvents {
  prependListener(event: 'data', listener: (this: CountedSocket, data: unknown) => void): void;
}

/** A session with the number of unknown namespaces that it has requested. */
type CountedSocket = EngineSocket & { unknownNamespaces?: number };

function corkFlush({ transport }: FlushedSocket): void {
  const socket = transport.socket?._socket;
  if (socket) corkUntilNextTick(socket);
}

/**
 * Inspects every packet before Socket.IO, which would parse a blank as packet type 0 (CONNECT). Socket.IO replies to
 * each CONNECT to an unknown namespace, and buffers the reply for a client that may never read it, so their number is
 * bounded.
 */
function countUnknownNamespaces(this: CountedSocket, data: unknown): void {
  if (typeof data !== 'string') return;
  const type = data.charCodeAt(0) - 48;
  const isUnknown = type === 0 && data.charCodeAt(1) === 47 && data.length > 2 && data[2] !== ',';
  if (isUnknown) this.unknownNamespaces = (this.unknownNamespaces ?? 0) + 1;
  if (!(type >= 0 && type <= 6) || (isUnknown && this.unknownNamespaces! > MAX_UNKNOWN_NAMESPACES)) this.close(true);
}

/** Engine.IO does not pass on the close code, which is the only sign that a page was closed. */
function onDisconnect(this: unknown, reason: string): void {
  const { data, conn } = this as SocketInternals;
  if (!(data instanceof Connection)) return;
  data.detach(reason === 'client namespace disconnect' ? 'left' : endingOf(conn.transport.socket?.closeCode));
}

/**
 * Socket.IO at `/socket.io/`, in the default namespace. It carries the same frames as the plain WebSocket; rooms,
 * adapters and acknowledgement timers of Socket.IO are not used.
 */
@Injectable()
export class SocketIoServer implements OnModuleInit, OnApplicationBootstrap {
  private readonly logger = new Logger('Sockets');
  private server: Server<SocketFrames, SocketFrames> | undefined;

  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly routes: UpgradeRoutes,
    private readonly socketHandshake: SocketIoHandshake,
    private readonly settings: RealtimeSettings,
    private readonly connections: ConnectionFactory,
    private readonly router: FrameRouter,
  ) {}

  onModuleInit(): void {
    this.routes.register(
      (path) => path === SOCKET_IO_PATH || `${path}/` === SOCKET_IO_PATH,
      (upgrade) => this.upgrade(upgrade),
      {
        continuesSession: (request, { searchParams }) => this.socketHandshake.continuesSession(request, searchParams),
      },
    );
  }

  /** @throws Error when the application has no `SocketIoAdapter`: Nest has created a server of its own. */
  onApplicationBootstrap(): void {
    if (!this.server) {
      throw new Error('Call app.useWebSocketAdapter(app.get(SocketIoAdapter)) before the application is initialised.');
    }
  }

  /** Creates the Socket.IO server over the HTTP server of the application, for `SocketIoAdapter`. */
  open(): Server<SocketFrames, SocketFrames> {
    const { settings } = this;
    const http = this.adapter.httpAdapter.getHttpServer() as HttpServer;
    const upgradeListeners = http.listeners('upgrade');
    const server = new Server<SocketFrames, SocketFrames>(http, {
      ...this.socketHandshake.cors,
      path: SOCKET_IO_PATH,
      pingInterval: settings.heartbeatMs,
      pingTimeout: settings.pongTimeoutMs,
      maxHttpBufferSize: settings.frameBytes,
      connectTimeout: 10_000,
      serveClient: false,
      allowEIO3: false,
      destroyUpgrade: false,
      httpCompression: false,
      perMessageDeflate: false,
      cleanupEmptyChildNamespaces: true,
      transports: ['websocket', 'polling'],
      wsEngine: BoundedWebSocketServer,
    });
    // Upgrades arrive through the listener of `UpgradeRoutes`, which handles all of them.
    for (const listener of http.listeners('upgrade')) {
      if (!upgradeListeners.includes(listener)) http.removeListener('upgrade', listener as () => void);
    }
    this.listen(server);
    this.server = server;
    return server;
  }

  /** Closes the connections of Engine.IO itself. Those of `Connections` are closed before. */
  close(): void {
    this.server?.engine.close();
  }

  private listen(server: Server<SocketFrames, SocketFrames>): void {
    const engine = server.engine as unknown as EngineInternals;
    this.socketHandshake.sessions = engine.clients;
    engine.use((request, response, next) => void this.socketHandshake.authorizeRequest(request, response, next));
    engine.on('connection', (socket) => {
      socket.prependListener('data', countUnknownNamespaces);
      this.socketHandshake.opened(socket, socket.request as IncomingMessage);
    });
    engine.on('flush', corkFlush);
    // No frame is sent to rooms. Without the room that Socket.IO creates for each socket an idle socket costs less.
    server.of('/').adapter.addAll = () => {};
    server.use((socket, next) => void this.socketHandshake.authenticateSocket(socket as ParleySocket, next));
    server.on('connection', (socket) => {
      try {
        this.accept(socket as ParleySocket);
      } catch (error) {
        // No caller would catch it, and the error of one connection must not end the process.
        this.logger.error({ err: error }, 'a connection could not be accepted');
        socket.disconnect(true);
      }
    });
  }

  private upgrade({ request, socket, head, url }: Upgrade): void {
    if (!request.url!.startsWith(SOCKET_IO_PATH)) request.url = SOCKET_IO_PATH + url.search;
    this.socketHandshake.markAuthorized(request);
    (this.server!.engine as unknown as EngineInternals).handleUpgrade(request, socket, head);
  }

  private accept(socket: ParleySocket): void {
    const { router } = this;
    const { actor, resume, ip } = socket.data as HandshakeResult;
    const internals = socket as unknown as SocketInternals;
    const transport = new SocketIoTransport(socket as unknown as Socket);
    const connection = this.connections.create(transport, subjectOfIp(ip));
    internals.data = connection;
    // `id` is the number of the acknowledgement. The transport writes the reply with it as text that is encoded once.
    internals.onevent = ({ data = [], id }) => {
      if (data.length > 2) data[1] = data.slice(1); // several arguments are read as a list
      router.receive(connection, data[0], data[1], id);
    };
    socket.on('disconnect', onDisconnect);
    // Otherwise the headers and the URL of the request would stay in memory while the connection is open.
    internals.handshake = undefined;
    (socket.conn as unknown as EngineSocket).request = null;
    connection.open(actor, resume);
  }
}
