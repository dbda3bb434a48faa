import { Injectable } from '@nestjs/common';
import type { LiveConnection } from './live-connection.js';
import type { StreamDispatcher } from './stream-dispatcher.js';

/** A user with at least one connection to this node, and the streams this node hands him. */
export class LocalSubscriber {
  /** Replaced, never changed: a connection may close while a frame is on its way through the list. */
  connections: readonly LiveConnection[] = [];
  readonly streams = new Set<StreamDispatcher>();
  /** Whether his streams are known; until then `opening` is under way. */
  isLoaded = false;
  loading: Promise<void> | undefined;
  /** The round of the sweep in which he was last handed a durable event. */
  dispatchedInCycle = -2;
  /** The first round whose watermark holds for him: one that began after all his streams were known. */
  cursorFromCycle = 0;
  watermark = '';
  cursorSentAt = 0;

  constructor(readonly userId: string) {}
}

/** Who is connected to this node. An idle user costs one small object and a place in the sets of his streams. */
@Injectable()
export class LocalSubscribers {
  /** Counts the sweeps; see `HeadReconciler`. */
  cycle = 0;
  private readonly users = new Map<string, LocalSubscriber>();

  get(userId: string): LocalSubscriber | undefined {
    return this.users.get(userId);
  }

  all(): IterableIterator<LocalSubscriber> {
    return this.users.values();
  }

  add(connection: LiveConnection): LocalSubscriber {
    const { userId } = connection.actor;
    let user = this.users.get(userId);
    if (!user) {
      user = new LocalSubscriber(userId);
      this.users.set(userId, user);
    }
    user.connections = [...user.connections, connection];
    return user;
  }

  /** Forgets a connection, and its user with the last one. Doing it twice is harmless. */
  remove(connection: LiveConnection): void {
    const user = this.users.get(connection.actor.userId);
    if (!user) return;
    user.connections = user.connections.filter((known) => known !== connection);
    if (user.connections.length > 0) return;
    this.users.delete(user.userId);
    for (const dispatcher of [...user.streams]) dispatcher.unsubscribe(user);
  }
}
