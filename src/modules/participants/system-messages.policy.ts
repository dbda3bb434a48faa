import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/http/actor.js';

/** What the server tells the participants: what was done, and by whom. */
export interface SystemMessage {
  /** Shown as the sender; need not take part. */
  readonly actor: Actor;
  readonly content: string;
  readonly metadata: Record<string, unknown>;
}

/** Messages of the type `system`, which no client can send. The module `messages` provides it. */
export abstract class SystemMessages {
  /**
   * Appends one to the locked conversation: with a number and an event as every message, in the given transaction.
   */
  abstract append(tx: StreamTransaction, message: SystemMessage): Promise<void>;
}
