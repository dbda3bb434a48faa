import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Sql } from '../../platform/database/sql.js';
import type { StreamEvent } from '../../platform/event-log/stream-event.js';
import { StreamAccessReader } from '../../platform/realtime/stream-access.js';
import { FanOut } from '../../platform/realtime/fan-out.js';
import type { LocalSubscriber } from '../../platform/realtime/local-subscribers.js';
import { GUEST_USER_ID } from '../../platform/http/guest.js';
import { CONVERSATION_UPDATED } from './participants.events.js';
import { RepeatedWarning } from '../../platform/logging/repeated-warning.js';

/** New rooms are heard of this late, at most. */
const REFRESH_MS = 2_000;

/**
 * What the guests of this node hear. No membership says so, so no event of the log does: the public rooms are read
 * again every two seconds while guests are here. Of a room that was changed they hear nothing more until it was read
 * whether it is still public, and never what was said meanwhile: with the very event that makes a room private the
 * guests are out.
 */
@Injectable()
export class GuestSubscriptions implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly unread = new RepeatedWarning(
    new Logger(GuestSubscriptions.name),
    'what guests hear could not be read',
    {
      over: 'what guests hear is read again',
    },
  );
  private timer: NodeJS.Timeout | undefined;
  private reading: Promise<void> | undefined;
  private isAskedAgain = false;
  /** Changed since the present reading began: what it says of them may be old. */
  private readonly changed = new Set<string>();

  constructor(
    private readonly fanOut: FanOut,
    private readonly streamAccess: StreamAccessReader,
    private readonly sql: Sql,
  ) {}

  onApplicationBootstrap(): void {
    this.fanOut.observe((event) => this.handedOut(event));
    this.timer = setInterval(() => void this.refresh(), REFRESH_MS).unref();
  }

  async onModuleDestroy(): Promise<void> {
    clearInterval(this.timer);
    await this.reading;
  }

  /** Brings what guests hear in line with what is public. Never throws; what failed is tried again in a moment. */
  refresh(): Promise<void> {
    if (this.reading) {
      this.isAskedAgain = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = undefined;
      if (this.isAskedAgain) void this.refresh();
    });
    this.isAskedAgain = false;
    return this.reading;
  }

  private get guests(): LocalSubscriber | undefined {
    const user = this.fanOut.subscribers.get(GUEST_USER_ID);
    return user?.isLoaded ? user : undefined;
  }

  private handedOut({ type, streamId }: StreamEvent): void {
    if (type !== CONVERSATION_UPDATED) return;
    // Also while the first of them is being let in: what he is let into by may be older than this event.
    const guests = this.fanOut.subscribers.get(GUEST_USER_ID);
    const dispatcher = guests && this.fanOut.findDispatcher(streamId);
    if (!dispatcher || !guests.streams.has(dispatcher)) return;
    dispatcher.unsubscribe(guests);
    this.changed.add(streamId);
    void this.refresh();
  }

  private async read(): Promise<void> {
    const before = this.guests;
    if (!before) return;
    this.changed.clear();
    try {
      const rooms = await this.streamAccess.current(this.sql, GUEST_USER_ID);
      const { guests } = this;
      if (guests !== before) return;
      const isPublic = new Map(rooms.map((access) => [access.streamId, access]));
      for (const dispatcher of [...guests.streams]) {
        if (dispatcher.kind === 'conversation' && !isPublic.delete(dispatcher.streamId)) dispatcher.unsubscribe(guests);
      }
      for (const { streamId, lastSeq } of isPublic.values()) {
        if (!this.changed.has(streamId)) this.fanOut.onStreamAccess(guests, streamId, lastSeq + 1);
      }
      this.unread.worked();
    } catch (error) {
      this.unread.failed({ err: error });
    }
  }
}
