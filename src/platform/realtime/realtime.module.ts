import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { RequestSourceModule } from '../http/request-source.module.js';
import { Admission } from './admission.js';
import { CodecSockets } from './codec-sockets.js';
import { ConnectionHost } from './connection-host.js';
import { Connections } from './connections.js';
import { FirstFrame } from './first-frame.js';
import { FrameRouter } from './frame-router.js';
import { Handshake } from './handshake.js';
import { RealtimeDrain } from './realtime-drain.js';
import { RealtimeSettings } from './realtime-settings.js';
import { RealtimeGateway } from './realtime.gateway.js';
import { RevocationSweep } from './revocation-sweep.js';
import { SocketIoEntrance } from './socket-io-entrance.js';
import { RealtimeSocketIo } from './socket-io-server.js';
import { UpgradeRoutes } from './upgrade-routes.js';
import { RealtimeWebSockets } from './web-socket-server.js';

/**
 * Connections over both transports. It needs `Limits`, `DrainState` and `Config`, and from the modules above an
 * `Authenticator`, `LiveSessions` and `CatchUp`.
 */
@Global()
@Module({
  imports: [DiscoveryModule, RequestSourceModule],
  providers: [
    { provide: RealtimeSettings, useFactory: () => new RealtimeSettings() },
    Connections,
    ConnectionHost,
    FirstFrame,
    FrameRouter,
    Handshake,
    Admission,
    UpgradeRoutes,
    RealtimeWebSockets,
    CodecSockets,
    SocketIoEntrance,
    RealtimeSocketIo,
    RealtimeGateway,
    RevocationSweep,
    RealtimeDrain,
  ],
  exports: [CodecSockets, Connections, Handshake, UpgradeRoutes, FrameRouter, RealtimeSettings],
})
export class RealtimeModule {}
