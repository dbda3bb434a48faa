import type { Duplex } from 'node:stream';
import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { AuthenticationRequired, ValidationError } from '../../errors/app-error.js';
import { ConnectionFactory } from '../connection/connection-factory.js';
import { Connection } from '../connection/connection.js';
import { readResume } from '../commands/auth-frame-handler.js';
import { FrameRouter } from '../commands/frame-router.js';
import { credentialOf, Handshake } from './handshake.js';
import { RealtimeSettings } from '../connection/realtime-settings.js';
import type { SocketCodec } from './socket-codec.js';
import { refuse, type Upgrade, UpgradeRoutes } from './upgrade-routes.js';
import { CodecTransport, WebSocketTransport } from './web-socket.transport.js';

export const REALTIME_PATH = '/api/v1/realtime';
const SUBPROTOCOL = 'parley.v1';

/** Options of ws that its published types lack. */
export interface WebSocketBounds extends ServerOptions {
  maxFragments: number;
  maxBufferedChunks: number;
  closeTimeout: number;
}

/**
 * Bounds for the memory that one peer can use. Compression is off: it allows bombs, leaks data and costs memory per
 * connection.
 */
export function webSocketBounds(frameBytes: number): WebSocketBounds {
  return {
    maxPayload: frameBytes,
    maxFragments: 64,
    maxBufferedChunks: 1024,
    perMessageDeflate: false,
    skipUTF8Validation: false,
    clientTracking: false,
    autoPong: false, // otherwise unread pongs would accumulate without bound
    closeTimeout: 5_000,
  };
}

const { frameBytes: FRAME_BYTES, transportBytes: UNREAD_BYTES } = new RealtimeSettings();

/** Replies to pings while the client reads, so that pongs do not accumulate. */
function pong(this: WebSocket, data: Buffer): void {
  if (this.readyState === this.OPEN && this.bufferedAmount < UNREAD_BYTES) this.pong(data);
}

/** Responds in JSON to upgrades that ws refuses for their headers; ws itself would respond in HTML. */
function refuseUpgradeAsJson({ message }: Error, socket: Duplex): void {
  refuse(socket, ValidationError.of('', message));
}

/** The WebSocket server for Engine.IO, with the same version of ws and the same bounds as the plain WebSocket. */
export class BoundedWebSocketServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, ...webSocketBounds(options.maxPayload ?? FRAME_BYTES) });
    this.on('wsClientError', refuseUpgradeAsJson);
  }

  override handleUpgrade(...[request, socket, head, opened]: Parameters<WebSocketServer['handleUpgrade']>): void {
    super.handleUpgrade(request, socket, head, (client, upgraded) => {
      client.on('ping', pong);
      client.on('close', storeCloseCode);
      opened(client, upgraded);
    });
  }
}

/** The close code of a socket whose `close` event is handled elsewhere; see `endingOf`. */
export interface SocketWithCloseCode {
  closeCode?: number;
}

function storeCloseCode(this: WebSocket, code: number): void {
  (this as SocketWithCloseCode).closeCode = code;
}

/** `left` for close frames of the client: 1000, 1001 (a page was closed) and 1005 (no code). */
export function endingOf(code: number | undefined): 'left' | 'lost' {
  return code === 1000 || code === 1001 || code === 1005 ? 'left' : 'lost';
}

/** A client's socket with its connection, so that all sockets share one set of listeners. */
type Carrier = WebSocket & { connection: Connection; router: FrameRouter };

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const { connection, router } = this as Carrier;
  if (connection.isClosed) return;
  connection.noteActivity();
  if (isBinary) router.receiveBinary(connection);
  else router.receiveText(connection, (data as Buffer).toString('utf8'));
}

function onPong(this: WebSocket): void {
  (this as Carrier).connection.noteActivity();
}

function onClose(this: WebSocket, code: number): void {
  (this as Carrier).connection.detach(endingOf(code));
}

/** ws closes the socket after every error; `close` follows. */
function onError(): void {}

/** The plain WebSocket at `/api/v1/realtime`, with one JSON object in each text message. */
@Injectable()
export class PlainWebSocketServer implements OnModuleInit, OnApplicationShutdown {
  private readonly server: WebSocketServer;

  constructor(
    private readonly routes: UpgradeRoutes,
    private readonly handshake: Handshake,
    private readonly connections: ConnectionFactory,
    private readonly router: FrameRouter,
    settings: RealtimeSettings,
  ) {
    this.server = new WebSocketServer({
      noServer: true,
      ...webSocketBounds(settings.frameBytes),
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    } as WebSocketBounds);
    this.server.on('wsClientError', refuseUpgradeAsJson);
  }

  onModuleInit(): void {
    this.routes.register(REALTIME_PATH, (upgrade) => this.open(upgrade));
  }

  onApplicationShutdown(): void {
    this.server.close();
  }

  /** Turns an upgrade into a connection, which `begin` must open. Does nothing if the client has disconnected. */
  accept(upgrade: Upgrade, codec: SocketCodec | undefined, begin: (connection: Connection) => void): void {
    const { request, socket, head, ipKey } = upgrade;
    if (socket.destroyed) return;
    this.server.handleUpgrade(request, socket, head, (client) => {
      const wire = new WebSocketTransport(client);
      const transport = codec ? new CodecTransport(wire, codec) : wire;
      const connection = this.connections.create(transport, ipKey, codec);
      Object.assign(client, { connection, router: this.router });
      client.on('message', onMessage);
      client.on('ping', pong);
      client.on('pong', onPong);
      client.on('close', onClose);
      client.on('error', onError);
      begin(connection);
    });
  }

  private async open(upgrade: Upgrade): Promise<void> {
    const { request, url } = upgrade;
    const { searchParams } = url;
    const actor = await this.handshake.identify(credentialOf(request, searchParams));
    if (searchParams.has('ticket') && !actor) throw new AuthenticationRequired();
    const resume = readResume({ cursor: searchParams.get('cursor') ?? undefined });
    this.accept(upgrade, undefined, (connection) => connection.open(actor, resume?.cursor ? resume : undefined));
  }
}
