import type { ShownMessage } from '../../event-log/stream-event.js';
import type { SystemRole } from '../../identity/actor.js';

/** A frame that is not in the log: state, of which the newest counts, or ephemeral. */
export interface Signal {
  readonly type: string;
  readonly data: object;
  readonly class: 'state' | 'ephemeral';
  /** For state: a later signal with the same key replaces an earlier one that is still queued. */
  readonly key?: string;
  /** A user who does not receive it: the one who caused it. */
  readonly exceptUserId?: string;
  /** The message that it shows: users who do not see it do not receive the signal. */
  readonly shows?: ShownMessage;
}

/**
 * Sends what is not durable to all its receivers, on this node directly and on all others through the bus.
 * Durable events are never sent this way: they are written to the log, and the fan-out delivers them in order.
 */
export abstract class Broadcaster {
  /**
   * To all subscribers of this stream: the participants of a conversation. The frame has `conversation_id` = streamId.
   */
  abstract toStream(streamId: string, signal: Signal): void;
  abstract toUsers(userIds: string[], signal: Signal): void;
  /** Closes the live connections of these sessions of a user on every node within a second. Revokes nothing. */
  abstract disconnectSessions(userId: string, sessionIds: string[], reason: 'revoked' | 'banned' | 'replaced'): void;
  /** Closes the live connections of a user that were opened with a session key, on every node within a second. */
  abstract disconnectSessionKeys(userId: string): void;
  /** Closes the live connections of a server key, its own and those as users, on every node within a second. */
  abstract disconnectServerKey(keyId: string): void;
  /** Sets the new system role on the live connections of a user, on every node. */
  abstract changeRole(userId: string, role: SystemRole): void;
  /** Closes all live connections of a user on every node. */
  abstract disconnectUser(userId: string, reason: 'revoked' | 'banned'): void;
}
