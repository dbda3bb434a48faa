import { Injectable } from '@nestjs/common';
import type { LiveConnection } from '../connection/live-connection.js';
import type { StreamKind } from './wire-event.js';

/** A stream that a user receives on this node. */
export interface Subscription {
  readonly streamId: string;
  readonly kind: StreamKind;
  unsubscribe(user: LocalSubscriber): void;
}

/** A user with at least one connection to this node, and the streams that this node delivers to them. */
export class LocalSubscriber {
  /** Replaced, never modified: a connection may close while a frame is being delivered to the list. */
  connections: readonly LiveConnection[] = [];
  readonly streams = new Set<Subscription>();
  /** Whether the user's streams are known. Until then `loading` is pending. */
  isLoaded = false;
  loading: Promise<void> | undefined;
  /** The reconciler cycle in which the user last received a durable event. */
  dispatchedInCycle = -2;
  /** The first cycle whose watermark is valid for the user: one that began after all their streams were known. */
  cursorFromCycle = 0;
  watermark = '';
  cursorSentAt = 0;

  /** Of streams of which the user does not see all messages: the number of the last one that they do not see. */
  private hiddenNumbers: Map<string, number> | undefined;

  constructor(readonly userId: string) {}

  /** The user sees no message up to this number of the stream; 0: sees all. */
  hiddenUpTo(streamId: string): number {
    return this.hiddenNumbers?.get(streamId) ?? 0;
  }

  /** Hides messages of a stream up to a number, which never moves back. Payloads of events without one hide nothing. */
  hideUpTo(streamId: string, number: unknown): void {
    if (typeof number !== 'number' || number <= this.hiddenUpTo(streamId)) return;
    (this.hiddenNumbers ??= new Map()).set(streamId, number);
  }
}

/** Users who are connected to this node. An idle user costs one small object and an entry in the set of each stream. */
@Injectable()
export class LocalSubscribers {
  /** Counts the cycles of the `HeadReconciler`. */
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

  /** Removes a connection, and the user with their last one. Idempotent. */
  remove(connection: LiveConnection): void {
    const user = this.users.get(connection.actor.userId);
    if (!user) return;
    user.connections = user.connections.filter((known) => known !== connection);
    if (user.connections.length > 0) return;
    this.users.delete(user.userId);
    for (const subscription of [...user.streams]) subscription.unsubscribe(user);
  }
}
