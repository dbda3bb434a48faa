import { Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DrainState } from '../health/drain-state.js';
import { CLOSE } from './close-codes.js';
import { ConnectionHost } from './connection-host.js';
import { EncodedFrame } from './encoded-frame.js';
import { FrameRouter } from './frame-router.js';
import { RealtimeSocketIo } from './socket-io-server.js';

/**
 * Sends the clients away at shutdown: each is told when to come back, what it asked for is answered, then it is closed.
 */
@Injectable()
export class RealtimeDrain implements OnModuleInit, BeforeApplicationShutdown {
  private drained: Promise<void> | undefined;

  constructor(
    private readonly state: DrainState,
    private readonly host: ConnectionHost,
    private readonly router: FrameRouter,
    private readonly socketIo: RealtimeSocketIo,
  ) {}

  onModuleInit(): void {
    this.state.onDrain(() => this.drain());
  }

  /** Where nobody drained first (tests, a crash), the connections go here. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
    this.socketIo.close();
  }

  private drain(): Promise<void> {
    this.drained ??= this.sendAway();
    return this.drained;
  }

  private async sendAway(): Promise<void> {
    const { connections, settings } = this.host;
    for (const connection of connections) {
      const after = Math.floor(Math.random() * settings.reconnectSpreadMs);
      connection.deliver(EncodedFrame.of('going_away', { data: { reconnect_after_ms: after } }), 'state');
    }
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, settings.drainMs);
    });
    await Promise.race([this.router.idle(), deadline]);
    clearTimeout(timer);
    if (connections.size === 0) return;
    for (const connection of [...connections]) connection.bid(CLOSE.restart);
    await new Promise((resolve) => setTimeout(resolve, settings.farewellMs)); // for the close frames to get out
  }
}
