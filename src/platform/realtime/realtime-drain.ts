import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, type BeforeApplicationShutdown, type OnModuleInit, Optional } from '@nestjs/common';
import { DrainState } from '../health/drain-state.js';
import { Bus } from './bus/bus.js';
import { CLOSE_REASONS } from './close-reasons.js';
import { ConnectionServices } from './connection-services.js';
import type { Connection } from './connection.js';
import { goingAwayFrame, reconnectSpreadMs } from './going-away.js';
import { SocketIoServer } from './socket-io-server.js';

const LOOK_EVERY_MS = 50;

/**
 * Sends the clients away at shutdown. Where another node can take them, each is told in its turn, stays connected until
 * it has moved there, and is closed when its time is over; a client that opens its new connection before it gives up
 * the old one is never away. Where there is no other node, all are told when to come back and are closed. Either way
 * what a client asked for is answered before its connection is closed.
 */
@Injectable()
export class RealtimeDrain implements OnModuleInit, BeforeApplicationShutdown {
  private drained: Promise<void> | undefined;

  constructor(
    private readonly state: DrainState,
    private readonly services: ConnectionServices,
    private readonly socketIo: SocketIoServer,
    /** Tests of the connections alone have none. */
    @Optional() private readonly bus?: Bus,
  ) {}

  onModuleInit(): void {
    this.state.onDrain(() => (this.drained = this.drain()));
  }

  /** Where nobody drained first (tests, a crash), the connections are closed without time to move. */
  async beforeApplicationShutdown(): Promise<void> {
    await (this.drained ?? this.sendAway({ canMove: false }));
    this.socketIo.close();
  }

  private async drain(): Promise<void> {
    await this.sendAway({ canMove: this.bus === undefined || (await this.bus.hasOthers()) });
  }

  private async sendAway({ canMove }: { canMove: boolean }): Promise<void> {
    const { connections, settings } = this.services;
    if (connections.size === 0) return;
    const begun = performance.now();
    const queue = [...connections];
    const spreadMs = reconnectSpreadMs(queue.length);
    const stayMs = canMove ? settings.moveMs : 0;
    const mayStayUntil = new Map<Connection, number>();
    const tell = (connection: Connection, now: number): void => {
      mayStayUntil.set(connection, now + stayMs);
      connection.deliver(goingAwayFrame(canMove ? 0 : Math.random() * spreadMs), 'state');
    };
    const deadline = begun + Math.max(stayMs + (canMove ? spreadMs : 0), settings.drainMs);
    for (let now = begun; connections.size > 0 && now < deadline; now = performance.now()) {
      const due = canMove && spreadMs > 0 ? Math.ceil(((now - begun) / spreadMs) * queue.length) : Infinity;
      for (const connection of queue.splice(0, due - mayStayUntil.size)) tell(connection, now);
      // Who was being let in when this began.
      if (queue.length === 0) for (const each of connections) if (!mayStayUntil.has(each)) tell(each, now);
      for (const [connection, until] of mayStayUntil) {
        if (now >= until && connection.inFlight === 0) connection.closeWith(CLOSE_REASONS.restart);
      }
      if (connections.size > 0) await pause(LOOK_EVERY_MS);
    }
    for (const connection of [...connections]) connection.closeWith(CLOSE_REASONS.restart);
    await pause(settings.closeHandshakeMs); // for the close frames to get out
  }
}
