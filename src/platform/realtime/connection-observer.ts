import type { TransportKind } from './transport.js';

/** A connection that became live: whose it is, how it came, and how long that took. */
export interface OpenedConnection {
  readonly id: string;
  readonly userId: string;
  readonly kind: TransportKind;
  readonly openedInMs: number;
}

/**
 * How a connection ended. `ended`: the server ended what it was good for, the session or the account. `left`: the client
 * said goodbye with a close frame. `lost`: everything else; its client is expected back.
 */
export type ConnectionEnding = 'ended' | 'left' | 'lost';

export interface ClosedConnection {
  readonly id: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly ending: ConnectionEnding;
}

/** Hears of connections coming and going on this node. The module `presence` and the metrics listen. */
export interface ConnectionObserver {
  opened(connection: OpenedConnection): void;
  /** Of everybody who had signed in, also of one that never became live. */
  closed(connection: ClosedConnection): void;
  /** An upgrade was turned away, with the code of this error. */
  refused?(code: string): void;
}
