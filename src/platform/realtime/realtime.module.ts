import { Global, Module, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { DecoratedMethods, DecoratedMethodsModule } from '../discovery/decorated-methods.js';
import { RequestSourceModule } from '../http/request-source.module.js';
import { ConnectionGate } from './transport/connection-gate.js';
import { CodecSockets } from './transport/codec-sockets.js';
import { ConnectionFactory } from './connection/connection-factory.js';
import { Connections } from './connection/connections.js';
import { AuthFrameHandler } from './commands/auth-frame-handler.js';
import { FrameRouter } from './commands/frame-router.js';
import { GatewayChecks } from './commands/gateway-checks.js';
import { Handshake } from './transport/handshake.js';
import { RealtimeDrain } from './connection/realtime-drain.js';
import { RealtimeSettings } from './connection/realtime-settings.js';
import { RealtimeGateway } from './commands/realtime.gateway.js';
import { SessionReconciler } from './connection/session-reconciler.js';
import { SocketIoHandshake } from './transport/socket-io-handshake.js';
import { SocketIoServer } from './transport/socket-io-server.js';
import { SocketIoAdapter } from './transport/socket-io.adapter.js';
import { UpgradeRoutes } from './transport/upgrade-routes.js';
import { PlainWebSocketServer } from './transport/plain-web-socket-server.js';

/**
 * Connections over both transports. Requires `Limits`, `DrainCoordinator` and `Config`. The application that imports it
 * also provides an `Authenticator`, a `ConnectionAttacher` and a `SlowConsumerRecovery`.
 */
@Global()
@Module({
  imports: [DecoratedMethodsModule, DiscoveryModule, RequestSourceModule],
  providers: [
    { provide: RealtimeSettings, useFactory: () => new RealtimeSettings() },
    Connections,
    ConnectionFactory,
    AuthFrameHandler,
    FrameRouter,
    GatewayChecks,
    Handshake,
    ConnectionGate,
    UpgradeRoutes,
    PlainWebSocketServer,
    CodecSockets,
    SocketIoHandshake,
    SocketIoServer,
    SocketIoAdapter,
    RealtimeGateway,
    SessionReconciler,
    RealtimeDrain,
  ],
  exports: [CodecSockets, Connections, Handshake, UpgradeRoutes, FrameRouter, RealtimeSettings],
})
export class RealtimeModule implements OnModuleInit {
  constructor(
    private readonly methods: DecoratedMethods,
    private readonly connections: Connections,
  ) {}

  onModuleInit(): void {
    this.connections.registerDecorated(this.methods);
  }
}
