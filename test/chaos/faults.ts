/** Faults of a node in a round. Each one disables the mechanism of one promise. */
export interface Faults {
  /**
   * This share of the messages of the bus is lost, in either direction; the rest is delayed, and some of it duplicated.
   */
  readonly badBus?: { readonly lose: number; readonly repeat: number; readonly delayMs: number };
  /** Nothing finds events without a hint. */
  readonly noReconciler?: boolean;
  /** Cursors are at the newest transaction and not at the oldest open one. */
  readonly newestWatermark?: boolean;
  /** Connections of ended sessions stay open: neither hints nor the sweep close them. */
  readonly endNothing?: boolean;
  /** Leaving a conversation does not end its delivery. */
  readonly leaversStay?: boolean;
  /** Users who join see all messages, whatever the settings say. */
  readonly showHistory?: boolean;
  /** Responses to reads are cached for so long, regardless of later writes. */
  readonly keepReadsMs?: number;
  /** Tags are removed from texts by a pattern. */
  readonly naiveTags?: boolean;
  /** Events are sent as they commit, without waiting for earlier ones. */
  readonly deliverUnordered?: boolean;
}

/** Disables the bus. */
export const NO_BUS: Faults = { badBus: { lose: 1, repeat: 0, delayMs: 0 } };
