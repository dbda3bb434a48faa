import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket as TcpSocket } from 'node:net';
import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Server, type Socket } from 'socket.io';
import { addressSubject } from '../throttling/limit-subject.js';
import { ConnectionServices } from './connection-services.js';
import { Connection } from './connection.js';
import { FrameRouter } from './frame-router.js';
import type { ClientToServerEvents, ServerToClientEvents } from './protocol-types.js';
import { corkUntilNextTick } from './write-coalescing.js';
import { type Upgrade, UpgradeRoutes } from './upgrade-routes.js';
import {
  type HandshakeResult,
  type EngineSession,
  type ParleySocket,
  SocketIoHandshake,
} from './socket-io-handshake.js';
import { SocketIoTransport, type EngineSocket } from './socket-io.transport.js';
import { BoundedWebSocketServer, type ClosedSocket, endingOf } from './plain-web-socket-server.js';

export const SOCKET_IO_PATH = '/socket.io/';

/** Packets for other namespaces a client may send before it is not believed to be one. */
const MOST_STRAYS = 10;

/**
 * The parts of Socket.IO's classes below their public interface. The version is pinned; the tests speak the protocol.
 */
interface SocketInternals {
  data: HandshakeResult | Connection;
  /** Polling has no `socket`. */
  readonly conn: { readonly transport: { readonly socket?: ClosedSocket } };
  handshake: unknown;
  /** `data` is missing in a packet that ends after its type. */
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
  prependListener(event: 'data', listener: (this: WatchedSocket, data: unknown) => void): void;
}

/** With how many unknown namespaces a session has asked for. */
type WatchedSocket = EngineSocket & { strays?: number };

function corkFlush({ transport }: FlushedSocket): void {
  const socket = transport.socket?._socket;
  if (socket) corkUntilNextTick(socket);
}

/**
 * Sees every packet before Socket.IO does, which takes a blank for the digit of a CONNECT. Unknown namespaces are
 * answered, and each answer is kept for who may never read it: so they are few.
 */
function countStrays(this: WatchedSocket, data: unknown): void {
  if (typeof data !== 'string') return;
  const type = data.charCodeAt(0) - 48;
  const isStray = type === 0 && data.charCodeAt(1) === 47 && data.length > 2 && data[2] !== ',';
  if (isStray) this.strays = (this.strays ?? 0) + 1;
  if (!(type >= 0 && type <= 6) || (isStray && this.strays! > MOST_STRAYS)) this.close(true);
}

/** Engine.IO does not pass the close code on; a page that is closed says goodbye by it alone. */
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
  private server: Server<ClientToServerEvents, ServerToClientEvents> | undefined;

  constructor(
    private readonly adapter: HttpAdapterHost,
    private readonly routes: UpgradeRoutes,
    private readonly socketHandshake: SocketIoHandshake,
    private readonly services: ConnectionServices,
    private readonly router: FrameRouter,
  ) {}

  onModuleInit(): void {
    this.routes.register(
      (path) => path === SOCKET_IO_PATH || `${path}/` === SOCKET_IO_PATH,
      (upgrade) => this.upgrade(upgrade),
      { continues: (request, { searchParams }) => this.socketHandshake.continues(request, searchParams) },
    );
  }

  onApplicationBootstrap(): void {
    const { settings } = this.services;
    const http = this.adapter.httpAdapter.getHttpServer() as HttpServer;
    const upgradeListeners = http.listeners('upgrade');
    this.server = new Server(http, {
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
    // Upgrades come through the one listener that decides about all of them.
    for (const listener of http.listeners('upgrade')) {
      if (!upgradeListeners.includes(listener)) http.removeListener('upgrade', listener as () => void);
    }
    this.listen(this.server);
  }

  /** The connections are closed before; this takes Engine.IO's own with them. */
  close(): void {
    this.server?.engine.close();
  }

  private listen(server: Server<ClientToServerEvents, ServerToClientEvents>): void {
    const engine = server.engine as unknown as EngineInternals;
    this.socketHandshake.sessions = engine.clients;
    engine.use((request, response, next) => void this.socketHandshake.authorizeRequest(request, response, next));
    engine.on('connection', (socket) => {
      socket.prependListener('data', countStrays);
      this.socketHandshake.opened(socket, socket.request as IncomingMessage);
    });
    engine.on('flush', corkFlush);
    // Nothing is sent to rooms; without the one Socket.IO makes for each socket an idle one costs less.
    server.of('/').adapter.addAll = () => {};
    server.use((socket, next) => void this.socketHandshake.authenticateSocket(socket as ParleySocket, next));
    server.on('connection', (socket) => {
      try {
        this.accept(socket as ParleySocket);
      } catch (error) {
        // Nobody above would catch it, and one connection is not worth the process.
        this.logger.error({ err: error }, 'a connection could not be taken');
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
    const { actor, resume, address } = socket.data as HandshakeResult;
    const internals = socket as unknown as SocketInternals;
    const transport = new SocketIoTransport(socket as unknown as Socket);
    const connection = new Connection(transport, this.services, addressSubject(address));
    internals.data = connection;
    // The packet has the acknowledgement's number, and with it the reply can be written as text that is encoded once.
    internals.onevent = ({ data = [], id }) => {
      if (data.length > 2) data[1] = data.slice(1);
      router.receive(connection, data[0], data[1], id);
    };
    socket.on('disconnect', onDisconnect);
    // Headers and address of the request would be kept for as long as the connection lives.
    internals.handshake = undefined;
    (socket.conn as unknown as EngineSocket).request = null;
    connection.open(actor, resume);
  }
}
