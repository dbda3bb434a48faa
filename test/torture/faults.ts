/** What a node under torture does otherwise than an honest one. Each is a mechanism of one promise, switched off. */
export interface Faults {
  /** Of the messages of the bus this share is lost, in either direction; the rest comes late, and some of it twice. */
  readonly badBus?: { readonly lose: number; readonly repeat: number; readonly delayMs: number };
  /** Nothing looks for what no hint told of. */
  readonly noSweep?: boolean;
  /** Cursors stand at the newest transaction instead of the oldest that still runs. */
  readonly newestWatermark?: boolean;
  /** Nobody ends the connections of ended sessions: neither hints nor the sweep. */
  readonly endNothing?: boolean;
  /** Leaving a conversation does not end its delivery. */
  readonly leaversStay?: boolean;
  /** Answers to reads are kept so long, whatever has been written since. */
  readonly keepReadsMs?: number;
  /** Tags are taken out of texts by a pattern. */
  readonly naiveTags?: boolean;
  /** Events go out as they come, without waiting for the ones before. */
  readonly deliverUnordered?: boolean;
}

/** The bus as if it were not there. */
export const NO_BUS: Faults = { badBus: { lose: 1, repeat: 0, delayMs: 0 } };
