import type { StreamTransaction } from '../../platform/event-log/event-log.js';
import type { Actor } from '../../platform/identity/actor.js';

/** A message of the server to the participants: what was done, and by which user. */
export interface SystemMessage {
  /** The sender of the message; need not be a participant. */
  readonly actor: Pick<Actor, 'userId' | 'displayName'>;
  /** Empty if clients are to word it from the metadata. */
  readonly content: string;
  readonly metadata: Record<string, unknown>;
  /** Only its sender, who is shadow-banned, sees it. */
  readonly isShadowed?: boolean;
}

/** Messages of the type `system`, which no client can send. The module `messages` provides it. */
export abstract class SystemMessages {
  /**
   * Appends a message to the locked conversation, in the given transaction, with a number and an event like every
   * message.
   */
  abstract append(tx: StreamTransaction, message: SystemMessage): Promise<void>;
}
