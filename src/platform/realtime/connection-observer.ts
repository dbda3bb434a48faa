import type { TransportKind } from './transport.js';

/** A connection that became live: whose it is, how it came, and how long that took. */
export interface OpenedConnection {
  readonly id: string;
  readonly userId: string;
  readonly kind: TransportKind;
  readonly openedInMs: number;
}

/** Hears of connections coming and going on this node. The module `presence` and the metrics listen. */
export interface ConnectionObserver {
  opened(connection: OpenedConnection): void;
  /** Of everybody who had signed in, also of one that never became live. */
  closed(connection: { id: string; userId: string }): void;
  /** An upgrade was turned away, with the code of this error. */
  refused?(code: string): void;
}
