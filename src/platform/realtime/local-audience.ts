import { Injectable } from '@nestjs/common';
import type { LiveConnection } from './live-connection.js';
import type { StreamPump } from './stream-pump.js';

/** A user with at least one connection to this node, and the streams this node hands him. */
export class LocalUser {
  /** Replaced, never changed: a connection may close while a frame is on its way through the list. */
  connections: readonly LiveConnection[] = [];
  readonly streams = new Set<StreamPump>();
  /** Whether his streams are known; until then `opening` is under way. */
  isOpen = false;
  opening: Promise<void> | undefined;
  /** The round of the sweep in which he was last handed a durable event. */
  touchedInRound = -2;
  /** The first round whose watermark holds for him: one that began after all his streams were known. */
  cursorFromRound = 0;
  watermark = '';
  cursorSentAt = 0;

  constructor(readonly userId: string) {}
}

/** Who is connected to this node. An idle user costs one small object and a place in the sets of his streams. */
@Injectable()
export class LocalAudience {
  /** Counts the sweeps; see `Sweep`. */
  round = 0;
  private readonly users = new Map<string, LocalUser>();

  get(userId: string): LocalUser | undefined {
    return this.users.get(userId);
  }

  all(): IterableIterator<LocalUser> {
    return this.users.values();
  }

  enter(connection: LiveConnection): LocalUser {
    const { userId } = connection.actor;
    let user = this.users.get(userId);
    if (!user) {
      user = new LocalUser(userId);
      this.users.set(userId, user);
    }
    user.connections = [...user.connections, connection];
    return user;
  }

  /** Forgets a connection, and its user with the last one. Doing it twice is harmless. */
  leave(connection: LiveConnection): void {
    const user = this.users.get(connection.actor.userId);
    if (!user) return;
    user.connections = user.connections.filter((known) => known !== connection);
    if (user.connections.length > 0) return;
    this.users.delete(user.userId);
    for (const pump of [...user.streams]) pump.remove(user);
  }
}
