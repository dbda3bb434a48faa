import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Repeating } from '../../platform/concurrency/repeating.js';
import { Sql } from '../../platform/database/sql.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import { StreamAccessReader } from '../../platform/realtime/fan-out/stream-access.js';
import { FanOut } from '../../platform/realtime/fan-out/fan-out.js';
import { GUEST_USER_ID } from '../users/guest.constants.js';
import { CONVERSATION_UPDATED } from './participants.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** Guests are subscribed to new rooms after this time at the latest. */
const REFRESH_MS = 2_000;

/**
 * Only for dialects: the subscriptions of the guests of this node. Guests are not participants, so no event of the log
 * changes their subscriptions: the public rooms are read again every two seconds while guests are connected. When a
 * room is updated, guests are unsubscribed until a read has confirmed that it is still public, and they never receive
 * the events in between. So the event that makes a room private is already withheld from guests.
 */
@Injectable()
export class GuestSubscriptions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly failures = new RepeatedWarning(
    new Logger(GuestSubscriptions.name),
    'the subscriptions of guests could not be refreshed',
    { recovered: 'the subscriptions of guests are refreshed again' },
  );
  private refreshing: Repeating | undefined;
  private reading: Promise<void> | undefined;
  private isRefreshRequested = false;

  constructor(
    private readonly fanOut: FanOut,
    private readonly streamAccess: StreamAccessReader,
    private readonly sql: Sql,
  ) {}

  onApplicationBootstrap(): void {
    this.fanOut.observe((event) => this.onDispatched(event));
    this.refreshing = Repeating.every(REFRESH_MS, () => this.refresh());
  }

  async onModuleDestroy(): Promise<void> {
    await this.refreshing?.stop();
    await this.reading;
  }

  /** Subscribes guests to exactly the public rooms. Never throws; a failed refresh is repeated after the interval. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.isRefreshRequested = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = undefined;
      if (this.isRefreshRequested) void this.refresh();
    });
    this.isRefreshRequested = false;
    return this.reading;
  }

  private onDispatched({ type, streamId }: StreamEvent): void {
    if (type === CONVERSATION_UPDATED && this.fanOut.unsubscribe(GUEST_USER_ID, streamId)) void this.refresh();
  }

  private async read(): Promise<void> {
    try {
      await this.fanOut.setSubscriptions(GUEST_USER_ID, () => this.streamAccess.current(this.sql, GUEST_USER_ID));
      this.failures.worked();
    } catch (error) {
      this.failures.failed({ err: error });
    }
  }
}
