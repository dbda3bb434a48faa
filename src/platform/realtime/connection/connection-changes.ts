import { methodDecorator } from '../../discovery/decorated-methods.js';
import type { TransportKind } from '../transport/transport.js';

/** A connection that became live: its user, its transport, and how long the opening took. */
export interface OpenedConnection {
  readonly id: string;
  readonly userId: string;
  /** Opened by the host's backend, for itself or for a user. */
  readonly isOfServerKey: boolean;
  readonly kind: TransportKind;
  readonly openedInMs: number;
}

/**
 * How a connection ended. `ended`: the server ended the session or the account. `left`: the client sent a close frame.
 * `lost`: everything else; the client is expected to reconnect.
 */
export type ConnectionEnding = 'ended' | 'left' | 'lost';

export interface ClosedConnection {
  readonly id: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly ending: ConnectionEnding;
}

/** The changes of connections of this node, with what an `@OnConnection` method receives. */
export interface ConnectionChanges {
  opened: OpenedConnection;
  /** A connection that was signed in has ended, even if it never became live. */
  closed: ClosedConnection;
  /** An upgrade was refused, with the code of this error. */
  refused: string;
}

export const ON_CONNECTION = Symbol('@OnConnection');

/** Marks a method that is called at each such change of a connection of this node. It must not throw. */
export function OnConnection<Change extends keyof ConnectionChanges>(change: Change) {
  return methodDecorator<(changed: ConnectionChanges[Change]) => void>(ON_CONNECTION, change);
}
