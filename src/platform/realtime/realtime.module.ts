import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { RequestSourceModule } from '../http/request-source.module.js';
import { ConnectionGate } from './connection-gate.js';
import { CodecSockets } from './codec-sockets.js';
import { ConnectionServices } from './connection-services.js';
import { Connections } from './connections.js';
import { AuthFrameHandler } from './auth-frame-handler.js';
import { FrameRouter } from './frame-router.js';
import { Handshake } from './handshake.js';
import { RealtimeDrain } from './realtime-drain.js';
import { RealtimeSettings } from './realtime-settings.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { RevocationSweep } from './revocation-sweep.js';
import { SocketIoHandshake } from './socket-io-handshake.js';
import { SocketIoServer } from './socket-io-server.js';
import { UpgradeRoutes } from './upgrade-routes.js';
import { PlainWebSocketServer } from './plain-web-socket-server.js';

/**
 * Connections over both transports. Requires `Limits`, `DrainState` and `Config`, and from the modules above an
 * `Authenticator`, a `ConnectionAttacher` and a `SlowConsumerRecovery`.
 */
@Global()
@Module({
  imports: [DiscoveryModule, RequestSourceModule],
  providers: [
    { provide: RealtimeSettings, useFactory: () => new RealtimeSettings() },
    Connections,
    ConnectionServices,
    AuthFrameHandler,
    FrameRouter,
    Handshake,
    ConnectionGate,
    UpgradeRoutes,
    PlainWebSocketServer,
    CodecSockets,
    SocketIoHandshake,
    SocketIoServer,
    RealtimeGateway,
    RevocationSweep,
    RealtimeDrain,
  ],
  exports: [CodecSockets, Connections, Handshake, UpgradeRoutes, FrameRouter, RealtimeSettings],
})
export class RealtimeModule {}
