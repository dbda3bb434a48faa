import type { Queryable } from '../../database/sql.js';

/** A stream that a user may receive. */
export interface StreamAccess {
  readonly streamId: string;
  /** Head of the stream in the snapshot of the query. */
  readonly lastSeq: number;
  /** Position at which the user last entered: earlier events are not delivered to connections. */
  readonly fromSeq: number;
  /** Last position that the user may receive of a stream they have left; otherwise null. */
  readonly toSeq: number | null;
  /** The user sees nothing that events show of messages up to this number. */
  readonly hiddenUpTo: number;
}

/**
 * Reads which streams a user may receive. The module `participants` implements it for conversations; a user always
 * receives their own stream.
 */
export abstract class StreamAccessReader {
  /** The streams the user receives now (`toSeq` null), read through `tx` and so in the caller's snapshot. */
  abstract current(tx: Queryable, userId: string): Promise<StreamAccess[]>;

  /**
   * The same, plus streams left since `watermark` (an xid8), whose last events must still be delivered. With `among`,
   * other streams may be missing.
   */
  abstract since(tx: Queryable, userId: string, watermark: string, among?: readonly string[]): Promise<StreamAccess[]>;

  /** Those of these streams that exist now, for a receiver who belongs to none and may receive all. */
  abstract ofStreams(tx: Queryable, streamIds: readonly string[]): Promise<StreamAccess[]>;
}
