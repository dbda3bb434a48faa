import type { TransportKind } from '../transport/transport.js';

/** A connection that became live: its user, its transport, and how long the opening took. */
export interface OpenedConnection {
  readonly id: string;
  readonly userId: string;
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

/** Is notified of connections of this node. The module `presence` and the metrics implement it. */
export interface ConnectionObserver {
  opened(connection: OpenedConnection): void;
  /** A connection that was signed in has ended, even if it never became live. */
  closed(connection: ClosedConnection): void;
  /** An upgrade was refused, with the code of this error. */
  refused?(code: string): void;
}
