import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { DrainCoordinator } from '../../health/drain-coordinator.js';
import { Bus } from '../bus/bus.js';
import { CLOSE_REASONS } from './close-reasons.js';
import { Connections, type ManagedConnection } from './connections.js';
import { goingAwayFrame, reconnectSpreadMs } from './going-away.js';
import { RealtimeSettings } from './realtime-settings.js';
import { SocketIoServer } from '../transport/socket-io-server.js';

const CHECK_EVERY_MS = 50;

/**
 * Moves the clients away at shutdown. If there is another node, the `going_away` frames are spread over an interval.
 * Each client stays connected until it has moved, and is closed when its time is over; a client that opens its new
 * connection before it closes the old one is never disconnected. If there is no other node, all clients are sent a time
 * to reconnect and are closed. In both cases the requests of a client are answered before its connection is closed.
 */
@Injectable()
export class RealtimeDrain implements OnModuleInit, BeforeApplicationShutdown {
  private drained: Promise<void> | undefined;

  constructor(
    private readonly drainCoordinator: DrainCoordinator,
    private readonly connections: Connections,
    private readonly settings: RealtimeSettings,
    private readonly socketIo: SocketIoServer,
    /** Absent in tests of the connections alone. */
    @Optional() private readonly bus?: Bus,
  ) {}

  onModuleInit(): void {
    this.drainCoordinator.onDrain(() => (this.drained = this.drain()));
  }

  /** If no drain has run (tests, a crash), the connections are closed without time to move. */
  async beforeApplicationShutdown(): Promise<void> {
    await (this.drained ?? this.moveClients({ canMove: false }));
    this.socketIo.close();
  }

  private async drain(): Promise<void> {
    await this.moveClients({ canMove: this.bus === undefined || (await this.bus.hasPeers()) });
  }

  private async moveClients({ canMove }: { canMove: boolean }): Promise<void> {
    const { connections, settings } = this;
    if (connections.size === 0) return;
    const begun = performance.now();
    const queue = [...connections];
    const spreadMs = reconnectSpreadMs(queue.length);
    const stayMs = canMove ? settings.moveMs : 0;
    const mayStayUntil = new Map<ManagedConnection, number>();
    const sendGoingAway = (connection: ManagedConnection, now: number): void => {
      mayStayUntil.set(connection, now + stayMs);
      connection.deliver(goingAwayFrame(canMove ? 0 : Math.random() * spreadMs), 'state');
    };
    const deadline = begun + Math.max(stayMs + (canMove ? spreadMs : 0), settings.drainMs);
    for (let now = begun; connections.size > 0 && now < deadline; now = performance.now()) {
      const due = canMove && spreadMs > 0 ? Math.ceil(((now - begun) / spreadMs) * queue.length) : Infinity;
      for (const connection of queue.splice(0, due - mayStayUntil.size)) sendGoingAway(connection, now);
      // Connections that were being opened when the drain began.
      if (queue.length === 0) {
        for (const each of connections) if (!mayStayUntil.has(each)) sendGoingAway(each, now);
      }
      for (const [connection, until] of mayStayUntil) {
        if (now >= until && connection.inFlight === 0) connection.closeWith(CLOSE_REASONS.restart);
      }
      if (connections.size > 0) await pause(CHECK_EVERY_MS);
    }
    for (const connection of [...connections]) connection.closeWith(CLOSE_REASONS.restart);
    await pause(settings.closeHandshakeMs); // so that the close frames are written
  }
}
