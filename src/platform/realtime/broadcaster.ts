import type { SystemRole } from '../http/actor.js';

/** A frame without a place in the log: the newest wins, or it may be forgotten. */
export interface Signal {
  readonly type: string;
  readonly data: object;
  readonly class: 'state' | 'ephemeral';
  /** For state: a later signal with the same key replaces an earlier one that is still queued. */
  readonly key?: string;
  /** Who needs not hear it: whoever caused it. */
  readonly exceptUserId?: string;
}

/**
 * Tells everybody concerned, on this node and through the bus on every other, of what is not durable.
 * Durable events never go this way: they are written to the log and the fan-out delivers them in order.
 */
export abstract class Broadcaster {
  /** To everybody who receives this stream: the participants of a conversation. Carries `conversation_id` = streamId. */
  abstract toStream(streamId: string, signal: Signal): void;
  abstract toUsers(userIds: string[], signal: Signal): void;
  /** Ends live connections of these sessions of a user on every node within a second. */
  abstract endSessions(userId: string, sessionIds: string[], reason: 'revoked' | 'banned' | 'replaced'): void;
  /** Ends live connections of a user that were opened with a session key, on every node within a second. */
  abstract endKeys(userId: string): void;
  /** Gives live connections of a user his new system role, on every node. */
  abstract changeRole(userId: string, role: SystemRole): void;
  /** Ends all live connections of a user on every node. */
  abstract endUser(userId: string, reason: 'revoked' | 'banned'): void;
}
